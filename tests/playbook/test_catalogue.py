"""Playbooks are found by their text, loaded one at a time, and refused in one sentence."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from remediate.playbook.catalogue import Catalogue
from remediate.playbook.loader import PlaybookError

GOOD = '''"""A playbook of somebody else."""
from remediate.playbook import Playbook, PlaybookParams

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


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def stating(line: str) -> str:
    return GOOD.replace('kb/1"\n', f'kb/1"\n    {line}\n')


def test_what_is_stated_is_listed_without_running_it(tmp_path: Path) -> None:
    lines = "topic = 'own'\n    on_demand = True\n    only_looks = True\n    raise SystemExit"
    write(tmp_path, stating(lines))
    found = Catalogue([tmp_path])
    entry = found.entry("mine")
    assert (entry.topic, entry.on_demand, entry.deep, entry.only_looks) == (
        "own",
        True,
        False,
        True,
    )
    assert "own" in found.topics
    assert "" not in found.topics


@pytest.mark.parametrize("line", ["deep = not False", "topic = 'a' + 'b'"])
def test_what_cannot_be_listed_as_it_is_is_refused(tmp_path: Path, line: str) -> None:
    write(tmp_path, stating(line))
    with pytest.raises(PlaybookError, match="than in its text"):
        Catalogue([tmp_path]).load("mine")


@pytest.mark.parametrize("line", ["writes = (int,)", "rollback = 'All.'"])
def test_what_only_looks_has_nothing_to_write_or_put_back(tmp_path: Path, line: str) -> None:
    write(tmp_path, stating(f"only_looks = True\n    {line}"))
    with pytest.raises(PlaybookError, match="no `writes` and no `rollback`"):
        Catalogue([tmp_path]).load("mine")


def test_a_folder_of_ones_own_works_like_ours(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    write(tmp_path, "raise SystemExit", "_private.py")
    catalogue = Catalogue([tmp_path])
    assert catalogue.entry("mine").title == "Make it so"
    assert "schedule-fix" in catalogue.entries
    assert catalogue.load("mine").id == "mine"


def test_listing_imports_no_playbook(tmp_path: Path) -> None:
    write(tmp_path, GOOD + "\nraise SystemExit('imported')\n")
    assert "mine" in Catalogue([tmp_path]).entries


def test_listing_is_light() -> None:
    code = (
        "import sys; from remediate.playbook.catalogue import Catalogue; Catalogue();"
        "print([m for m in ('pydantic', 'rich', 'sqlalchemy', 'pypsrp') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(PlaybookError, match="did you mean schedule-fix"):
        Catalogue().entry("shedule-fix")
    with pytest.raises(PlaybookError, match="remediate list"):
        Catalogue().entry("zzzz")


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("def broken(:\n", ":1: "),
        ("x = 1\n", ":1: there is no playbook"),
        (GOOD.replace('    id = "mine"\n', ""), ":4: playbook Mine: it needs its id as plain text"),
        (GOOD.replace('"mine"', '"Mi" + "ne"'), ":4: playbook Mine: it needs its id as plain text"),
        (GOOD.replace('"mine"', "5"), ":7: playbook Mine: it needs its id as plain text"),
        (
            GOOD.replace('"mine"', '"Mine!"'),
            ":7: playbook Mine: the id 'Mine!' must be small letters",
        ),
        (GOOD.replace('"mine"', f'"{"m" * 65}"'), ":7: playbook Mine: the id "),
        (GOOD.replace('"mine"', '"mi\u0455e"'), ":7: playbook Mine: the id "),
        (GOOD.replace("Make it so", "x" * 80), ":8: playbook Mine: the title must have 1 to 72"),
        (
            GOOD.replace("Make it so", "Make\\nit so"),
            ":8: playbook Mine: the title must be one line",
        ),
        (GOOD.replace("https:", "http:"), ":9: playbook Mine: the source must be an https address"),
        (stating("topic = 'Disk Space'"), ":10: playbook Mine: the topic must be small letters"),
        (stating("topic = 5"), ":10: playbook Mine: the topic must be small letters"),
        (stating("deep = 'no'"), ":10: playbook Mine: `deep` must be True or False"),
        (stating("deep = on_demand = True"), ":10: playbook Mine: `on_demand` already leaves it"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, where: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(PlaybookError) as caught:
        Catalogue([tmp_path])
    assert f"{path}{where}" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "\n1 / 0\n", ":17: division by zero"),
        (GOOD + "import nowhere_to_be_found\n", ":16: No module"),
        (GOOD + "assert False\n", ":16: it fails while it is loaded"),
        (GOOD + "raise SystemExit(0)\n", ":16: it ends the program"),
        (GOOD + "Mine = 1\n", ": Mine is no playbook when it has run"),
        (GOOD + "del Mine\n", ": Mine is no playbook when it has run"),
        (GOOD + "    def __init__(self):\n        1 / 0\n", ":17: division by zero"),
    ],
)
def test_what_cannot_be_loaded_says_where_and_why(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, text)
    catalogue = Catalogue([tmp_path])
    name = next(name for name, entry in catalogue.entries.items() if entry.path.parent == tmp_path)
    with pytest.raises(PlaybookError) as caught:
        catalogue.load(name)
    assert says in str(caught.value)


def test_two_playbooks_of_the_same_id_are_refused(tmp_path: Path) -> None:
    first, second = write(tmp_path, GOOD), write(tmp_path, GOOD, "other.py")
    with pytest.raises(PlaybookError) as caught:
        Catalogue([tmp_path])
    assert f"{first}:4 and {second}:4;" in str(caught.value)


def test_two_playbooks_of_the_same_id_in_one_file_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + GOOD.partition("PlaybookParams\n")[2])
    with pytest.raises(PlaybookError) as caught:
        Catalogue([tmp_path])
    assert f"{path}:4 and {path}:17;" in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match="not a folder"):
        Catalogue([tmp_path / "missing"])
    with pytest.raises(PlaybookError, match="not a folder"):
        Catalogue([write(tmp_path, GOOD)])


def test_a_folder_without_a_playbook_is_refused(tmp_path: Path) -> None:
    for name in ("_private.py", "test_mine.py", ".hidden.py", "mine.txt"):
        write(tmp_path, GOOD, name)
    with pytest.raises(PlaybookError) as caught:
        Catalogue([tmp_path])
    assert str(caught.value).startswith(f"{tmp_path} has no playbook: ")


def test_a_folder_may_be_named_twice(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert "mine" in Catalogue([tmp_path, link]).entries


def test_an_installed_playbook_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("fix", "package_that_is_gone.fix:Fix", "remediate.playbooks")
    monkeypatch.setattr("remediate.playbook.catalogue.entry_points", lambda **_: [point])
    with pytest.raises(
        PlaybookError, match=r"package_that_is_gone\.fix:Fix\): there is no such module"
    ):
        Catalogue()


def test_a_parameter_needs_a_description(tmp_path: Path) -> None:
    text = GOOD.replace(
        "class Mine(Playbook[PlaybookParams])",
        "class P(PlaybookParams):\n    x: int = 1\n\nclass Mine(Playbook[P])",
    )
    write(tmp_path, text)
    with pytest.raises(PlaybookError, match="parameter x has no description"):
        Catalogue([tmp_path]).load("mine")
