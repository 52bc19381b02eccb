"""Logs in every encoding and form, whole or cut anywhere; damaged files end in a sentence."""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evtx
import pytest

from remediate.diagnose.catalogue import load
from remediate.diagnose.encoding import decode
from remediate.diagnose.matching import Matcher
from remediate.diagnose.records import SMALL, FileError, records, records_of_end
from remediate.diagnose.scanning import Scan, Sighting

MATCHER = Matcher(load())
KOREAN = (
    "백업이 시작되었습니다 (드라이브 데이터)\r\n액세스가 거부 되었습니다.\r\n마지막 줄입니다\r\n"
)
GERMAN = "Größe des Ordners für Müller geprüft\r\nFehler 0x80070005 für Ä\r\n"
EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='volsnap'/><EventID Qualifiers='49158'>36</EventID>"
    "<TimeCreated SystemTime='2026-11-2{day}T03:12:44.4207434Z'/></System>"
    "<EventData><Data>\\Device\\1</Data><Data>C:</Data></EventData></Event>"
)


def scan(tmp_path: Path, data: bytes) -> list[Sighting]:
    file = tmp_path / "log.txt"
    file.write_bytes(data)
    found = Scan(MATCHER)
    found.add(records(file))
    return found.ranked()


def causes(tmp_path: Path, data: bytes) -> list[str]:
    return [one.match.entry.id for one in scan(tmp_path, data)]


@pytest.mark.parametrize(
    ("text", "codec", "mark"),
    [
        (KOREAN, "utf-8", b""),
        (KOREAN, "utf-8", codecs.BOM_UTF8),
        (KOREAN, "utf-16-le", b""),
        (KOREAN, "utf-16-le", codecs.BOM_UTF16_LE),
        (KOREAN, "utf-16-be", b""),
        (KOREAN, "utf-16-be", codecs.BOM_UTF16_BE),
        (KOREAN, "cp949", b""),
        (GERMAN, "cp1252", b""),
        (GERMAN, "utf-16-le", b""),
        (GERMAN, "utf-8", b""),
    ],
)
def test_a_tail_is_read_wherever_it_was_cut(
    tmp_path: Path, text: str, codec: str, mark: bytes
) -> None:
    """At every byte of its first line, as where a log is followed from its end."""
    data = mark + text.encode(codec)
    first = len(mark) + len(text.partition("\n")[0].encode(codec))
    for start in range(first):
        [one] = scan(tmp_path, data[start:])
        assert one.match.entry.id == "access-denied", start
        assert one.example == text.splitlines()[1], start


@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "cp949"])
def test_an_end_within_a_letter_costs_that_line_only(tmp_path: Path, codec: str) -> None:
    data = KOREAN.encode(codec)
    last = len("마지막 줄입니다\r\n".encode(codec))
    for end in range(len(data) - last, len(data)):
        assert causes(tmp_path, data[:end]) == ["access-denied"], end


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("액세스가 거부".encode("cp949"), "액세스가 거부"),
        ("Zugriff für Ä verweigert".encode("cp1252"), "Zugriff für Ä verweigert"),
        ("can\u2019t “open”".encode("cp1252"), "can\u2019t “open”"),
        ("액세스".encode()[1:], "세스"),
        ("액세스".encode()[:-1], "액세"),
    ],
)
def test_a_line_is_decoded_by_what_is_in_it(line: bytes, text: str) -> None:
    assert decode(line) == text


def test_one_korean_line_among_a_hundred_english_ones_is_read(tmp_path: Path) -> None:
    data = b"all is well here\r\n" * 100 + "0x1FC07 정품 인증\r\n".encode("cp949")
    [one] = scan(tmp_path, data)
    assert one.example == "0x1FC07 정품 인증"


def errlog(day: int, level: str, message: str) -> str:
    begin = f"0AB0\t0974\t11/{day}\t13:16:29.206\t18\tf.cpp(9)\t[0000000053582120]"
    return f"{begin}\t\t\t{level}\t{message}\n"


@pytest.mark.parametrize("codec", ["utf-8", "cp949", "utf-16", "utf-16-le"])
def test_the_end_of_a_log_loses_the_line_that_was_cut(codec: str) -> None:
    data = "0x1FC07 정품 인증\r\n인증에 실패했습니다\r\n".encode(codec)
    whole = [one.text for one in records_of_end(data, cut=False)]
    assert whole == ["0x1FC07 정품 인증", "인증에 실패했습니다"]
    for start in range(2, 12, 2):  # at an even byte
        assert [one.text for one in records_of_end(data[start:], cut=True)] == [
            "인증에 실패했습니다"
        ]


def test_the_agents_log_is_counted_with_its_times(tmp_path: Path) -> None:
    lines = (
        errlog(
            24, "WARNING", r"Failed: Hr: = [0x80070005] BackupRead failed on file(D:\a b\x.doc)"
        ),
        errlog(25, "NORMAL", "201 files, 407 folders, 34513 ms"),
        errlog(26, "WARNING", r"Failed: Hr: = [0x80070005] BackupRead failed on file(D:\y\z.doc)"),
        errlog(27, "FATAL", "SalLowDiskSpace"),
    )
    denied, full = scan(tmp_path, "".join(lines).encode())
    assert (denied.match.entry.id, denied.count) == ("access-denied", 2)
    assert (denied.first, denied.last) == ("11/24 13:16:29.206", "11/26 13:16:29.206")
    assert denied.example.endswith(r"D:\a b\x.doc)")
    assert (full.match.entry.id, full.count) == ("scratch-volume-full", 1)


def test_a_long_log_is_looked_through_for_lines_about_errors(tmp_path: Path) -> None:
    fine = errlog(24, "NORMAL", "FileProvider::EndData") * (SMALL // 60)
    bad = errlog(25, "WARNING", "Failed: Hr: = [0x80070570]").encode()
    korean = "오류: 액세스가 거부 되었습니다\n".encode("cp949")
    found = scan(tmp_path, fine.encode() + bad + fine.encode() + korean)
    assert [(one.match.entry.id, one.count) for one in found] == [
        *[("file-corrupt", 1), ("access-denied", 1)]
    ]


def test_failed_files_of_a_backup_are_read(tmp_path: Path) -> None:
    text = (
        "Consider adding these to exclusion list of backup policy.\r\n-----\r\n"
        "E:\\a.tmp Error Code : 0x80070020\r\nE:\\b.tmp Error Code : 0x80070020\r\n-----\r\n"
    )
    assert causes(tmp_path, text.encode("utf-16")) == [
        *["file-in-use", "backup-completed-with-warnings"]
    ]


def test_a_message_that_a_mail_has_wrapped_is_found(tmp_path: Path) -> None:
    assert causes(tmp_path, b"Hi,\nInvalid vault\ncredentials\nprovided, it says.\n") == [
        "vault-credentials-invalid"
    ]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
@pytest.mark.parametrize(("head", "foot"), [("<Events>", "</Events>"), ("", "")])
@pytest.mark.parametrize("between", ["\n", ""])
def test_an_event_log_as_xml_is_read(
    tmp_path: Path, codec: str, head: str, foot: str, between: str
) -> None:
    events = between.join(EVENT.format(day=day) for day in (7, 6, 5))
    [one] = scan(tmp_path, f"{head}{events}{foot}".encode(codec))
    assert (one.match.entry.id, one.count) == ("shadow-storage-low", 3)
    assert one.example.startswith("volsnap event 36. ")
    assert one.first.startswith("2026-11-25T03:12:44")
    assert one.last.startswith("2026-11-27T03:12:44")


@pytest.mark.parametrize(
    "damage",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa">]>',
        "<Event><System><EventID>&a;</EventID></System></Event>",
        "<Event><System></Event>",
        "<Event>" + "x" * 600_000 + "</Event>",
    ],
)
def test_a_damaged_event_costs_itself_only(tmp_path: Path, damage: str) -> None:
    text = f"<Events>{EVENT.format(day=1)}{damage}{EVENT.format(day=2)}</Events>"
    [one] = scan(tmp_path, text.encode())
    assert one.count >= 1


def test_an_event_log_as_csv_is_read_event_by_event(tmp_path: Path) -> None:
    text = (
        "Level,Date and Time,Source,Event ID,Task Category\r\n"
        'Error,11/27/2026 3:12:44 AM,volsnap,36,None,"The shadow copies\r\nof volume C: were"\r\n'
        "Information,11/27/2026 3:12:45 AM,Kernel,1,None,fine\r\n"
    )
    [one] = scan(tmp_path, text.encode("utf-8-sig"))
    assert (one.match.entry.id, one.count) == ("shadow-storage-low", 1)
    assert one.first == "11/27/2026 3:12:44 AM"


def record(number: Any, data: Any) -> dict[str, Any]:
    system = {
        "Provider": {"#attributes": {"Name": "volsnap"}},
        "EventID": number,
        "TimeCreated": {"#attributes": {"SystemTime": "2026-11-27T03:12:44.420743Z"}},
    }
    return {"data": json.dumps({"Event": {"System": system, "EventData": data}})}


@pytest.mark.parametrize("number", [36, "36", {"#text": "36"}, {"#attributes": {}, "#text": 36}])
@pytest.mark.parametrize(
    "data", [None, "", {"Data": "C:"}, {"Data": {"#text": ["C:", 7]}}, {"Binary": "00FF"}]
)
def test_an_event_log_as_windows_keeps_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: object, data: object
) -> None:
    class Parser:
        def __init__(self, path: str) -> None:
            assert path

        def records_json(self) -> Iterator[dict[str, Any]]:
            yield record(number, data)

    monkeypatch.setattr(evtx, "PyEvtxParser", Parser)
    [one] = scan(tmp_path, b"ElfFile\0".ljust(69_632, b"\0"))
    assert (one.match.entry.id, one.first) == ("shadow-storage-low", "2026-11-27T03:12:44.420743Z")


@pytest.mark.parametrize("size", [8, 5000, 70_000])
def test_a_damaged_event_log_is_told(tmp_path: Path, size: int) -> None:
    with pytest.raises(FileError, match="is damaged, or no event log of Windows"):
        causes(tmp_path, b"ElfFile\0".ljust(size, b"\x01"))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent cannot be read: No such file"):
        list(records(tmp_path / "absent"))
    with pytest.raises(FileError, match=r"cannot be read: it is a folder"):
        list(records(tmp_path))


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\xff\xfe", b"\0", b"\0" * 99, b"\n\n", bytes(range(256))]
)
def test_a_file_that_says_nothing_has_no_cause(tmp_path: Path, data: bytes) -> None:
    assert causes(tmp_path, data) == []
