"""What is not changed from here, and why."""

from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.effects import Screen
from remediate.engine.screening import screened
from remediate.model.change import Change, ResourceId, Settling
from remediate.model.connection import Via
from remediate.redaction import Redaction
from tests.engine.world import HOST

CHANGE = Change(
    playbook="own",
    resource=ResourceId(kind="registry_value", key={"name": "x"}),
    title="value x",
    property="value",
    before="old",
    after="new",
)


def why_not(via: Via, *secrets: str, **of_change: Any) -> list[str]:
    """The codes of what two playbooks are told that want the same change."""
    change = CHANGE.model_copy(update=of_change)
    both = (change, change.model_copy(update={"playbook": "other"}), change)
    given = tuple({change.resource: {"password": SecretStr(one)}} for one in secrets)
    host, redaction = HOST.model_copy(update={"transport": via}), Redaction()
    found = screened(Screen(both, given), host, redaction)
    assert [one.playbook for one in found] == (["own", "other"] if found else [])
    assert all(redaction.holds(CHANGE.model_copy(update={"after": one})) for one in secrets)
    return sorted({one.code for one in found})


@pytest.mark.parametrize("via", Via)
def test_a_value_that_holds_a_secret_of_the_run_is_not_recorded(via: Via) -> None:
    assert why_not(via, "Hunter2-9z") == []
    assert why_not(via, "Hunter2-9z", after="key=Hunter2-9z") == ["secret"]


@pytest.mark.parametrize("via", Via)
def test_a_secret_is_sent_where_it_is_sealed_by_itself_only(via: Via) -> None:
    refused = ["secret"] if via is Via.WINRS else []
    assert why_not(via, "Hunter2-9z", secrets=("password",)) == refused


@pytest.mark.parametrize("via", Via)
def test_nobody_restarts_the_machine_that_he_works_on(via: Via) -> None:
    away = Settling(most=60, away=True)
    assert why_not(via, settling=away) == (["ends_us"] if via is Via.LOCAL else [])
