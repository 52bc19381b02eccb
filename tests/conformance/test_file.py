"""A file is told without opening it, but for a program, whose version stands in it."""

from remediate.resources.file import File
from tests.conformance.doors import Asked, Door

VERSIONS = {
    r"C:\Data\cbengine.EXE": "1.2.3.4",
    r"C:\Data\module.dll": "1.2.3.4",
    r"C:\Data\OnlineBackup.KEK": "",
    r"C:\Data\setup.exe.bak": "",
}


def test_only_programs_are_asked_for_their_version(door: Door) -> None:
    one = Asked(door, File.kind, {key: {"version": "1.2.3.4"} for key in VERSIONS})
    found = one.get(paths=[*VERSIONS])
    assert {file["path"]: file["version"] for file in found} == VERSIONS
