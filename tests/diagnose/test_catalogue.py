"""The catalogue is whole: what it names exists, and what it cures is said by both sides."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

from remediate.cli.describing import describe
from remediate.diagnose.catalogue import FOLDER, load
from remediate.diagnose.entry import CatalogueError
from remediate.diagnose.matching import Matcher
from remediate.diagnose.written import read
from remediate.playbook.catalogue import Catalogue
from remediate.transport.errors import kinds
from tests.docs import causes
from tests.docs.pages import ROOT

ENTRIES = {entry.id: entry for entry in load()}
PLAYBOOKS = Catalogue()

ENTRY = """
source: https://wiki.example.org/errors
checked: 2026-11-29
trust: documented
entries:
- id: contoso-tape-jammed
  title: The tape is stuck
  numbers: [0xC0DE0001]
  en: [The tape robot of Contoso does not answer]
  cause: The robot waits for a person.
  check: ['The door of the robot.']
"""


def test_what_is_read_was_made_of_what_is_written() -> None:
    """python -m tests.docs makes it."""
    assert list(causes.stale()) == []
    assert [entry for file in sorted(FOLDER.glob("*.yaml")) for entry in read(file)] == list(load())


def test_each_entry_says_what_to_do() -> None:
    for entry in ENTRIES.values():
        assert entry.playbooks or entry.steps, entry.id
        assert set(entry.playbooks) <= set(PLAYBOOKS.entries), entry.id


@pytest.mark.parametrize("name", sorted(PLAYBOOKS.entries))
def test_a_playbook_and_its_symptoms_name_each_other(name: str) -> None:
    """Every playbook that repairs is found by what it repairs."""
    described = describe(PLAYBOOKS.load(name))
    assert set(described.symptoms) <= set(ENTRIES)
    assert all(name in ENTRIES[symptom].playbooks for symptom in described.symptoms)
    naming = [entry.id for entry in ENTRIES.values() if name in entry.playbooks]
    assert naming or described.only_looks


def test_a_name_of_an_error_is_one_cause_only() -> None:
    names = Counter(name.casefold() for entry in ENTRIES.values() for name in entry.names)
    assert [name for name, count in names.items() if count > 1] == []


def test_each_name_and_message_leads_to_its_cause(matcher: Matcher) -> None:
    texts = [(e, text) for e in ENTRIES.values() for text in (*e.names, *e.en, *e.ko)]
    for entry, text in texts:
        known = [match for match in matcher.match(text) if match.known]
        best = [match.entry.id for match in known if match.score == known[0].score]
        assert entry.id in best, text


def test_each_failed_connection_of_ours_is_known(matcher: Matcher) -> None:
    """But for two that say themselves what it is: a wrong setting, and an error of a script."""
    told = {kind.code: f"SRV01 {kind.says}. {kind.hint}" for kind in kinds()}
    unknown = {code for code, text in told.items() if not matcher.match(text)[0].known}
    assert unknown <= {"wrong_settings", "remote_error"}


def test_third_parties_add_entries_beside_their_playbooks(tmp_path: Path) -> None:
    (tmp_path / "diagnose").mkdir()
    (tmp_path / "diagnose" / "contoso.yaml").write_text(ENTRY, encoding="utf-8")
    found = Matcher(load([tmp_path])).match("robot: 0xc0de0001")
    assert found[0].entry.id == "contoso-tape-jammed"
    assert found[0].known


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML refuses it without libyaml")
def test_a_tab_may_stand_behind_a_value_as_in_an_inventory(tmp_path: Path) -> None:
    file = tmp_path / "contoso.yaml"
    file.write_text(ENTRY.replace("documented", "documented\t# by us"), encoding="utf-8")
    assert [entry.trust for entry in read(file)] == ["documented"]


def test_the_entry_of_the_guide_can_be_read(tmp_path: Path) -> None:
    guide = (ROOT / "docs" / "writing-a-playbook.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(source: .*?)```", guide, re.DOTALL)
    file = tmp_path / "contoso.yaml"
    file.write_text(block, encoding="utf-8")
    matcher = Matcher(read(file))
    for text in ("the event log file is full", "error 1502 log", "0x800705DE"):
        assert matcher.match(text)[0].known


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("contoso-tape-jammed", "access-denied", "the id access-denied is taken"),
        ("contoso-tape-jammed", "Tape", "entry Tape: id: "),
        ("  cause: The robot waits for a person.\n", "", "entry contoso-tape-jammed: cause: field"),
        ("0xC0DE0001", "-5", "numbers.0.number: input should be greater"),
        ("0xC0DE0001", "{number: 5, word: [tape]}", "numbers.0.word: extra inputs"),
        ("https://wiki.example.org/errors", "http://wiki", "source: string should match"),
        ("2026-11-29", "soon", "checked: input should be a valid date"),
        ("documented", "certain", "trust: input should be 'documented', 'secondary' or"),
        ("[The tape", "&x [*x, The tape", "write out what the anchors (*) stand for"),
        ("entries:", "entries: [", "is not YAML in UTF-8"),
        ("The tape is stuck", '"The \\e[31mtape"', "title: string should match"),
    ],
)
def test_a_wrong_file_is_told_with_its_entry(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "diagnose").mkdir()
    file = tmp_path / "diagnose" / "contoso.yaml"
    file.write_text(ENTRY.replace(old, new), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"contoso\.yaml") as caught:
        load([tmp_path])
    assert says in str(caught.value)
