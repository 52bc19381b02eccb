"""The pages about playbooks say what the code says."""

import json
from collections.abc import Iterable

import pytest

from remediate.cli.app import run
from remediate.cli.describing import NOT_STATED, describe
from remediate.model.description import Description
from remediate.playbook import Playbook, PlaybookParams
from remediate.playbook.catalogue import Catalogue
from remediate.resources.base import Query
from tests.docs import picture, shipped
from tests.docs.pages import ROOT, stale

SHIPPED_IDS = sorted(Catalogue().entries)


@pytest.fixture(params=SHIPPED_IDS)
def described(request: pytest.FixtureRequest) -> Description:
    return describe(Catalogue().load(request.param))


def test_no_page_is_stale() -> None:
    """A playbook that is changed changes its page: python -m tests.docs writes them."""
    assert [str(path.relative_to(ROOT)) for path in stale()] == []


def test_what_the_shipped_playbooks_state_is_known_without_reading_them() -> None:
    """A playbook that is changed is read each time until python -m tests.docs has made it anew."""
    assert [*shipped.stale()] == []


def test_the_picture_of_an_audit_is_what_an_audit_shows() -> None:
    """python -m tests.docs makes it anew."""
    assert picture.PATH.read_text(encoding="utf-8") == picture.picture()


def test_every_shipped_playbook_says_why_at_what_risk_and_what_it_reads(
    described: Description,
) -> None:
    assert described.about
    assert described.risk != NOT_STATED
    assert described.reads
    assert described.topic
    assert described.only_looks is not bool(described.writes)
    assert described.symptoms or described.only_looks
    assert set(described.after) <= set(SHIPPED_IDS)


def test_show_prints_the_description(
    described: Description, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page and `remediate show` come from one place."""
    assert run(["show", described.id, "--format", "json"]) == 0
    assert Description.model_validate(json.loads(capsys.readouterr().out)) == described
    assert run(["show", described.id]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for text in (*described.about, described.risk, described.rollback, described.source):
        assert " ".join(text.split()) in shown


class Plain(Playbook[PlaybookParams]):
    id = "own-fix"
    title = "Own fix"
    source = "https://example.org/"

    def observe(self, params: PlaybookParams) -> Iterable[Query]:
        del params
        return ()


class Lasting(Plain):
    def irreversible(self, params: PlaybookParams) -> Iterable[str]:
        del params
        return ("the old process",)


def test_a_parameter_may_be_called_what_python_reserves() -> None:
    options = [option.option for option in describe(Catalogue().load("module-restore")).options]
    assert "--from" in options


def test_what_is_only_read_is_not_among_what_may_be_written() -> None:
    written = [one.resource for one in describe(Catalogue().load("iscsi-restart")).writes]
    assert written == ["service"]


def test_a_playbook_without_these_sentences_loads_and_says_so() -> None:
    described = describe(Plain())
    assert described.risk == NOT_STATED
    assert described.rollback == "Reversible: rollback writes the recorded values back."


def test_what_cannot_be_undone_is_said_even_when_its_author_wrote_no_sentence() -> None:
    assert describe(Lasting()).rollback == "Rollback will not bring back: the old process."


@pytest.mark.parametrize("name", ["risk", "rollback"])
@pytest.mark.parametrize("text", ["no full stop", "x" * 300 + "."])
def test_risk_and_rollback_are_sentences(name: str, text: str) -> None:
    with pytest.raises(TypeError, match=f"`{name}` must be a sentence"):
        type("Own", (Plain,), {name: text})
