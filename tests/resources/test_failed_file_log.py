"""The end of a log of failed files is read whatever its encoding, and wherever it was cut off."""

from base64 import b64encode

import pytest

from remediate.resources.failed_file_log import FailedFile, FailedFileLog

LINES = ["Consider adding these.", "-" * 9, r"C:\보고서\자료.hwp 0x80070005", "-" * 9, ""]
FILES = [FailedFile(path=r"C:\보고서\자료.hwp", code="0x80070005")]
TEXT = "\r\n".join(LINES)


def log(data: bytes, start: int = 0, code_page: str = "949") -> FailedFileLog:
    tail = b64encode(data[start:]).decode()
    return FailedFileLog(
        folder=r"C:\Temp", logs=1, name="L.txt", start=start, tail=tail, code_page=code_page
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]
)
def test_each_encoding_is_told(encoding: str) -> None:
    one = log(TEXT.encode(encoding))
    assert list(one.files()) == FILES
    assert one.text().splitlines() == LINES[:-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_tail_that_begins_in_a_letter_loses_that_line_only(encoding: str) -> None:
    """UTF-16 is cut between two characters: the reader takes care of that."""
    data = ("C:\\보고서.txt\r\n" + TEXT).encode(encoding)
    for start in (4, 6, 8):
        assert list(log(data, start).files()) == FILES
        assert log(data, start).text() == TEXT


@pytest.mark.parametrize(
    ("code_page", "name"),
    [
        ("950", "C:\\資料\\報告.txt"),
        ("936", "C:\\资料\\报告.txt"),
        ("65001", "C:\\資料\\報告.txt"),
        ("1250", "C:\\Łódź\\řeka.txt"),
        ("1252", "C:\\Müller\\Straße.txt"),
    ],
)
def test_each_host_writes_in_its_own_code_page(code_page: str, name: str) -> None:
    data = f"{name} 0x80070570".encode(f"cp{code_page}")
    assert [file.path for file in log(data, code_page=code_page).files()] == [name]


@pytest.mark.parametrize("code_page", ["", "1", "12\x0052", "x" * 300, "ü"])
def test_where_no_code_page_is_known_the_western_one_is_taken(code_page: str) -> None:
    data = "C:\\Müller.txt 0x80070570".encode("cp1252")
    assert [file.path for file in log(data, code_page=code_page).files()] == ["C:\\Müller.txt"]


def test_bytes_that_are_no_text_name_no_file() -> None:
    assert list(log(bytes(range(256))).files()) == []
    assert list(log(b"").files()) == []
