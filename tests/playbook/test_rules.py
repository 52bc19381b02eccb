"""A finding keeps its identity: rules are listed here, and a renamed one fails."""

from pathlib import Path
from types import new_class

import pytest
import yaml

from remediate.playbook import Playbook, PlaybookParams, restarting
from remediate.playbook.catalogue import Catalogue
from tests.resources.test_scheduled_task import TASK

SHIPPED = Catalogue()
LISTED = yaml.safe_load(Path(__file__).with_name("rules.yaml").read_text("utf-8"))


def test_no_rule_of_a_shipped_playbook_is_renamed() -> None:
    rules = {name: sorted(SHIPPED.load(name).rules) for name in SHIPPED.entries}
    assert rules == LISTED, "a rule is never renamed; add a new one to rules.yaml"


@pytest.mark.parametrize("name", SHIPPED.entries)
def test_every_rule_is_used(name: str) -> None:
    playbook = SHIPPED.load(name)
    assert playbook.rules
    text = SHIPPED.entry(name).file.text
    if restarting.__name__ in text:  # which gives some of them
        text += Path(restarting.__file__).read_text("utf-8")
    kinds = playbook.writes or [
        query.resource for query in playbook.observe(playbook.params(**playbook.example))
    ]
    settable = {each.replace("_", "-") for kind in kinds for each in kind.settable}
    used = {rule for rule in playbook.rules if text.count(f'"{rule}"') > 1}
    assert set(playbook.rules) == used | (settable & set(playbook.rules))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (("No-task",), "small letters"),
        (("no--task",), "small letters"),
        (("",), "small letters"),
        ("no-task", "several names"),
        (("no-task", "no-task"), "twice"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_when_the_playbook_is_loaded(
    rules: tuple[str, ...], why: str
) -> None:
    stated = {"id": "own", "title": "Own", "source": "https://example.com/kb/1", "rules": rules}
    with pytest.raises(TypeError, match=why):
        new_class("Own", (Playbook[PlaybookParams],), exec_body=lambda body: body.update(stated))


def test_a_change_has_the_rule_of_its_property_unless_it_is_given_one() -> None:
    own, given = (TASK.should(multiple_instances=2, rule=rule) for rule in ("", "wrong"))
    assert [change.rule for change in own.changes("p")] == ["multiple-instances"]
    assert [change.rule for change in given.changes("p")] == ["wrong"]
