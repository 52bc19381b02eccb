"""The text of a playbook's file is read once; that text is checked, and that text runs."""

import inspect
from pathlib import Path

import pytest

from remediate.playbook.catalogue import Catalogue
from remediate.playbook.loader import MAX_LINE, MAX_SIZE, PlaybookError, PlaybookFile

TEXT = '''"""One of ours."""
from pathlib import Path
from remediate.playbook import Playbook, PlaybookParams

SCRIPT = Path(__file__).with_suffix(".ps1")

class Mine(Playbook[PlaybookParams]):
    """Why."""

    id = "mine"
    title = "Make it so"
    source = "https://example.com/kb/1"

    def observe(self, params):
        return []

    def decide(self, seen, params):
        return []
'''
COUNTED = TEXT + "with SCRIPT.with_suffix('.log').open('a') as log:\n    log.write('+')\n"


def write(folder: Path, text: str = TEXT, name: str = "mine.py") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_runs_once_however_often_it_is_asked_for(tmp_path: Path) -> None:
    log = write(tmp_path, COUNTED).with_suffix(".log")
    first, second = Catalogue([tmp_path]), Catalogue([tmp_path])
    assert not log.exists()
    kinds = {type(catalogue.load("mine")) for catalogue in (first, first, second)}
    assert len(kinds) == 1
    assert log.read_text() == "+"


def test_another_text_at_the_same_path_is_another_playbook(tmp_path: Path) -> None:
    write(tmp_path)
    before = Catalogue([tmp_path]).load("mine")
    write(tmp_path, TEXT.replace("Make it so", "Make it otherwise"))
    after = Catalogue([tmp_path]).load("mine")
    assert (before.title, after.title) == ("Make it so", "Make it otherwise")


def test_what_fails_is_tried_again(tmp_path: Path) -> None:
    path = write(tmp_path, TEXT + "if not SCRIPT.exists(): raise ValueError('no script')\n")
    catalogue = Catalogue([tmp_path])
    with pytest.raises(PlaybookError, match=r"mine\.py:19: no script"):
        catalogue.load("mine")
    path.with_suffix(".ps1").touch()
    assert catalogue.load("mine").id == "mine"


def test_files_of_one_name_in_two_folders_are_two_modules(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    write(here)
    write(there, TEXT.replace('"mine"', '"yours"'))
    catalogue = Catalogue([here, there])
    modules = [inspect.getmodule(type(catalogue.load(name))) for name in ("mine", "yours")]
    assert [vars(module)["SCRIPT"].parent for module in modules] == [here, there]


def test_the_source_of_a_playbook_can_be_shown(tmp_path: Path) -> None:
    write(tmp_path)
    kind = type(Catalogue([tmp_path]).load("mine"))
    assert inspect.getsource(kind) == TEXT[TEXT.index("class Mine") :]


def test_a_relative_folder_may_be_left_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    catalogue = Catalogue([Path("own")])
    monkeypatch.chdir("/")
    script: Path = vars(inspect.getmodule(type(catalogue.load("mine"))))["SCRIPT"]
    assert script == tmp_path / "own" / "mine.ps1"


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_what_windows_editors_write_is_read(tmp_path: Path, before: bytes, end: bytes) -> None:
    path = write(tmp_path)
    path.write_bytes(before + TEXT.encode().replace(b"\n", end))
    assert PlaybookFile.read(path).text == TEXT


def test_a_playbook_may_be_as_long_as_the_limits_say(tmp_path: Path) -> None:
    line = f"# {'x' * (MAX_LINE - 2)}\n"
    longest = TEXT + line * ((MAX_SIZE - len(TEXT)) // len(line))
    longest += "#" * (MAX_SIZE - len(longest))
    path = write(tmp_path, longest)
    assert PlaybookFile.read(path).text == longest
    with path.open("a") as file:
        file.write("#")
    with pytest.raises(PlaybookError, match=r"mine\.py: it is longer than 65536 bytes"):
        PlaybookFile.read(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").symlink_to("nowhere")
    with pytest.raises(PlaybookError, match=r"mine\.py: No such file"):
        Catalogue([tmp_path])
