"""What a rollback does about shadow copies, which no case can say: they come after apply."""

from typing import Any

import pytest

from remediate.lab.kinds import record
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import RunKind
from remediate.testing import Case
from remediate.testing.reports import explain
from remediate.testing.story import HOST, Teller
from remediate.testing.transport import MemoryTransport
from tests.playbooks.known import BY_ID

GB = 2**30
NEW = {"id": "{0b1f0002-0000-0000-0000-000000000000}", "created": "2024-03-05T22:00:07Z"}
SEVERAL = BY_ID["shadow-storage/several-volumes"]


class Story(Teller):
    """The case in which C: goes from 2 to 10 GB and E: from 3 to 10 GB."""

    def __init__(self, case: Case = SEVERAL) -> None:
        state = case.state()
        super().__init__(case, MemoryTransport({HOST.address: state}), HOST, state)
        assert self.apply().outcome is Outcome.CHANGED

    def limits(self) -> dict[str, Any]:
        found = {name: record(self.state, "shadow_storage", name=name) for name in ("C:", "E:")}
        return {name: storage["max_space"] / GB for name, storage in found.items()}

    def copy(self, volume: str) -> None:
        """A shadow copy is made since."""
        id_ = record(self.state, "shadow_storage", name=volume)["volume"]
        self.state.section("shadow_copies").append({**NEW, "volume": id_})

    def use(self, volume: str, size: int) -> None:
        """Shadow copies take so many bytes."""
        id_ = record(self.state, "shadow_storage", name=volume)["volume"]
        storages = self.state.windows["shadow_storages"]
        storage = next(one for one in storages if one["volume"] == id_)
        storage["used_space"] = str(size)

    def roll_back(self, *, force: bool = False) -> HostReport:
        record = self.store.run(self.applied_run)
        run = self.new_run(RunKind.ROLLBACK, self.applied_run)
        [report] = self.engine.rollback(record, run, force=force)
        return report


@pytest.fixture
def story() -> Story:
    return Story()


def reasons(report: HostReport) -> list[str]:
    assert report.plan
    return [conflict.reason for conflict in report.plan.conflicts]


def test_a_limit_is_kept_while_there_are_shadow_copies_made_since(story: Story) -> None:
    """They are named, the others are not; and other volumes go back."""
    story.copy("C:")
    report = story.roll_back()
    assert report.outcome is Outcome.CONFLICT, explain(report)
    assert story.limits() == {"C:": 10, "E:": 3}
    [reason] = reasons(report)
    assert reason.endswith(f"{NEW['id']} of {NEW['created']}")
    assert "0b1f0001" not in reason


def test_a_limit_is_kept_while_shadow_copies_take_more_than_the_old_one(story: Story) -> None:
    story.use("E:", 3 * GB + 1)
    report = story.roll_back()
    assert report.outcome is Outcome.CONFLICT, explain(report)
    assert story.limits() == {"C:": 2, "E:": 10}
    [reason] = reasons(report)
    assert "Windows would delete some" in reason


def test_shadow_copies_that_are_gone_are_in_nobodys_way(story: Story) -> None:
    story.state.section("shadow_copies").clear()
    assert story.roll_back().outcome is Outcome.CHANGED
    assert story.limits() == {"C:": 2, "E:": 3}


def test_force_lowers_a_limit_over_new_shadow_copies_that_fit(story: Story) -> None:
    story.copy("C:")
    report = story.roll_back(force=True)
    assert report.outcome is Outcome.CHANGED, explain(report)
    assert story.limits() == {"C:": 2, "E:": 3}


def test_force_deletes_no_shadow_copy(story: Story) -> None:
    """It overrules what somebody else has set; it is no leave to delete somebody's backups."""
    story.use("C:", 2 * GB + 1)
    report = story.roll_back(force=True)
    assert report.outcome is Outcome.ROLLED_BACK, explain(report)
    assert story.limits() == {"C:": 10, "E:": 10}
    assert report.problem
    assert "Windows would delete some" in report.problem.message


def test_force_on_a_single_volume_leaves_it_as_it_is() -> None:
    story = Story(SEVERAL.model_copy(update={"parameters": {"volume": ["C:"], "size": 10 * GB}}))
    story.use("C:", 2 * GB + 1)
    report = story.roll_back(force=True)
    assert report.outcome is Outcome.REFUSED, explain(report)
    assert story.limits() == {"C:": 10, "E:": 3}
    assert story.state.lease is None
