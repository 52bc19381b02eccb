"""The end of a log of failed files is read whatever its encoding, and wherever it was cut off."""

from base64 import b64encode

import pytest

from remediate.resources.failed_file_log import FailedFile, FailedFileLog

LINES = ["Consider adding these.", "-" * 9, r"C:\보고서\자료.hwp 0x80070005", "-" * 9, ""]
FILES = [FailedFile(path=r"C:\보고서\자료.hwp", code="0x80070005")]
TEXT = "\r\n".join(LINES)


def log(data: bytes, start: int = 0) -> FailedFileLog:
    tail = b64encode(data[start:]).decode()
    return FailedFileLog(folder=r"C:\Temp", logs=1, name="L.txt", start=start, tail=tail)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"]
)
def test_each_encoding_is_told(encoding: str) -> None:
    one = log(TEXT.encode(encoding))
    assert list(one.files("ko-KR")) == FILES
    assert one.text("ko-KR").splitlines() == LINES[:-1]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_a_tail_that_begins_in_a_letter_loses_that_line_only(encoding: str) -> None:
    """UTF-16 is cut between two characters: the reader takes care of that."""
    data = ("C:\\보고서.txt\r\n" + TEXT).encode(encoding)
    for start in (4, 6, 8):
        assert list(log(data, start).files("ko-KR")) == FILES
        assert log(data, start).text("ko-KR") == TEXT


def test_a_western_host_writes_in_its_own_code_page() -> None:
    data = "C:\\Müller\\Straße.txt 0x80070570".encode("cp1252")
    assert [file.path for file in log(data).files("de-DE")] == ["C:\\Müller\\Straße.txt"]


def test_bytes_that_are_no_text_name_no_file() -> None:
    assert list(log(bytes(range(256))).files("en-US")) == []
    assert list(log(b"").files("")) == []
