"""Paths of files that are copied to hosts, and manifests of folders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remediate.model.content import (
    MAX_BYTES,
    MAX_FILES,
    MAX_PATH,
    FileEntry,
    Manifest,
    Piece,
    file_path,
)
from remediate.powershell.messages import Call, Request

SHA = "a" * 64


def entry(path: str, size: int = 1, sha256: str = SHA) -> FileEntry:
    return FileEntry(path=path, size=size, sha256=sha256)


@pytest.mark.parametrize(
    "path",
    [
        "a.txt",
        "en-US\\about_MSOnlineBackup.help.txt",
        ".hidden",
        "..two dots before a name",
        "모듈.psd1",
        "com10.txt",
        "console.txt",
        "a b\\c d.dll",
        "Microsoft.[x].dll",
    ],
)
def test_ordinary_paths_are_taken_as_they_are(path: str) -> None:
    assert file_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "..",
        "..\\a",
        "a\\..\\..\\b",
        "a\\.\\b",
        "\\a",
        "\\\\server\\share\\a",
        "\\\\?\\C:\\a",
        "a\\",
        "a\\\\b",
        "C:a",
        "C:\\a",
        "a.txt:stream",
        "a/b",
        "../a",
        "NUL",
        "nul.txt",
        "con .txt",
        "sub\\COM1",
        "lpt9.dll",
        "COM¹.txt",
        "conin$",
        "a.",
        "a\\b.\\c",
        "a ",
        " a",
        "a\\b \\c",
        "a*",
        "a?",
        "a|b",
        "a<b",
        'a"b',
        "a\nb",
        "a\x00b",
        "a\x7f",
        "\ud800",
        "x" * 101,
        "a\\" * (MAX_PATH // 2) + "bc",
    ],
)
def test_a_path_that_windows_might_take_for_another_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be the path"):
        file_path(path)


@given(st.text(max_size=40))
def test_no_path_that_is_taken_leaves_its_folder(path: str) -> None:
    try:
        parts = file_path(path).split("\\")
    except ValueError:
        return
    assert all(part.strip(". ") and ":" not in part and "/" not in part for part in parts)


@pytest.mark.parametrize(
    "paths",
    [("a.txt", "A.TXT"), ("en-us\\a", "EN-US\\A"), ("a", "a\\b"), ("A", "a\\b\\c"), ("ä", "Ä")],
)
def test_two_files_that_cannot_be_in_one_folder_are_refused(paths: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match=r"twice|below a file"):
        Manifest.of(entry(path) for path in paths)


def test_the_same_files_have_the_same_digest_in_any_order() -> None:
    files = [entry("b"), entry("a"), entry("en-US\\c", 7)]
    one, other = Manifest.of(files), Manifest.of(reversed(files))
    assert one == other
    assert Manifest.model_validate(one.model_dump(mode="json")) == one


@pytest.mark.parametrize("other", [entry("b"), entry("a", 2), entry("a", 1, "b" * 64)])
def test_another_name_size_or_content_is_another_digest(other: FileEntry) -> None:
    assert Manifest.of([entry("a")]).digest != Manifest.of([other]).digest


def test_a_digest_that_is_not_that_of_the_files_is_refused() -> None:
    document = {**Manifest.of([entry("a")]).model_dump(mode="json"), "digest": "0" * 16}
    with pytest.raises(ValidationError, match="digest"):
        Manifest.model_validate(document)


def test_more_than_can_be_meant_is_refused() -> None:
    with pytest.raises(ValidationError, match="together"):
        Manifest.of([entry("a", MAX_BYTES), entry("b")])
    with pytest.raises(ValidationError):
        entry("a", MAX_BYTES + 1)


@pytest.mark.parametrize("letter", ["x", "_", "모", "\\a"])
def test_two_manifests_fit_into_one_request(letter: str) -> None:
    """A change sends both; Windows PowerShell reads JSON of up to 2,097,152 characters."""
    largest = None
    for count in range(500, MAX_FILES + 1, 500):
        names = (f"{letter * 40}{number}" for number in range(count))
        try:
            largest = Manifest.of(entry(name.strip("\\"), 10_000) for name in names)
        except ValidationError:
            break
    assert largest
    manifest = largest.model_dump(mode="json")
    values = {"before": {"x": manifest}, "after": {"x": manifest}}
    call = Call(id="write-0", function="Set-RemediateAgentModule", arguments=values)
    assert len(Request(run="r", calls=(call,)).encode()) < 2_000_000


def test_a_manifest_is_told_in_a_few_words() -> None:
    manifest = Manifest.of([entry("a", 60_000_000), entry("b", 100_000)])
    assert str(manifest) == f"2 files, 60.1 MB, sha256 {manifest.digest}"
    small = Manifest.of([entry("a", 1_234)])
    assert str(small) == f"1 file, 1.2 kB, sha256 {small.digest}"


def test_the_last_piece_of_a_file_is_known() -> None:
    file = entry("a", 10)
    assert not Piece(file=file, offset=0, length=9).last
    assert Piece(file=file, offset=9, length=1).last
    assert Piece(file=entry("empty", 0), offset=0, length=0).last
