"""A folder that a person types is one on a drive, or told what it has to be."""

import pytest
from pydantic import TypeAdapter, ValidationError

from remediate.resources.host_path import TypedFolder

FOLDER = TypeAdapter(TypedFolder)


@pytest.mark.parametrize("text", [r"D:\Scratch", r"d:\Data\MARS cache", r"D:\Über.alt\X"])
def test_a_folder_on_a_drive_is_taken_as_it_is(text: str) -> None:
    assert FOLDER.validate_python(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "D:\\",
        "D:",
        "Scratch",
        "D:Scratch",
        r"\\nas\backup",
        r"\\?\D:\Scratch",
        "D:\\Scratch\\",
        r"D:\\Scratch",
        r"D:\Data\..\Windows",
        "D:\\Scratch.",
        "D:\\Scratch ",
        r"D:\Scratch:stream",
        "D:/Scratch",
        r"D:\Scr*tch",
        "D:\\Scratch\n",
    ],
)
def test_any_other_text_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValidationError, match=r"written in full, such as D:\\Scratch"):
        FOLDER.validate_python(text)
