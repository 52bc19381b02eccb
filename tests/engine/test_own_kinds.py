"""Kinds of resources that an author makes, and his errors in them."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from remediate.lab.kinds import everything
from remediate.lab.state import HostState
from remediate.model.outcome import Outcome
from remediate.playbook import PlaybookParams
from remediate.resources.base import Query, Resource, resource_type
from remediate.resources.registry_value import RegistryValue
from remediate.testing.transport import Trouble
from remediate.transport.errors import ConnectionLost
from tests.engine.world import SetValue, World, job_of


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0))


class Sized(Resource):
    """What several kinds have in common; no kind itself."""

    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"size"})

    name: str
    size: int


class Log(Sized):
    """A log."""

    kind: ClassVar[str] = "own_log"
    noun: ClassVar[str] = "log"
    function: ClassVar[str] = "OwnLog"
    reader: ClassVar[Any] = RegistryValue.reader  # which a simulated host does not run
    writer: ClassVar[Any] = RegistryValue.writer

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "Logs":
        del key
        return Logs()


class Logs(Query):
    """All logs."""

    resource: ClassVar[type[Resource]] = Log


class BigLog(Log):
    """A kind that is made of another kind."""

    kind: ClassVar[str] = "own_big_log"
    function: ClassVar[str] = "OwnBigLog"
    settable: ClassVar[frozenset[str]] = frozenset({"size", "archived"})

    archived: bool

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "BigLogs":
        del key
        return BigLogs()


class BigLogs(Query):
    """All big ones."""

    resource: ClassVar[type[Resource]] = BigLog


class Resize(SetValue):
    """Logs that are large enough."""

    id = "resize"

    def observe(self, params: PlaybookParams) -> Any:
        return [Logs(), BigLogs()]

    def decide(self, seen: Any, params: PlaybookParams) -> Any:
        for log in seen.all(Log):
            yield log.should(size=2)


@pytest.mark.parametrize("lost", [None, 0, 2])  # of the calls: the lease and one write
def test_kinds_that_are_made_of_others_are_written_reconciled_and_undone(lost: int | None) -> None:
    """Each record is read as what it is a record of."""
    logs: dict[str, Any] = {
        "own_log": [{"name": "Application", "size": 1}],
        "own_big_log": [{"name": "Security", "size": 1, "archived": True}],
    }
    world = World(HostState("SRV01", logs))
    start = world.state.without_traces()
    if lost is not None:
        world.trouble = lambda n: Trouble(ConnectionLost, lost) if n > 1 else None
    report = world.apply(job_of(Resize()))
    world.trouble = lambda _: None
    if lost is not None:
        assert report.outcome is Outcome.INDETERMINATE
        [(_, report)] = world.engine.reconcile()
    wanted = {None: Outcome.CHANGED, 0: Outcome.FAILED_UNCHANGED, 2: Outcome.FAILED_CHANGED}
    assert report.outcome is wanted[lost]
    if lost != 0:
        [undone] = world.rollback()
        assert undone.outcome is Outcome.CHANGED
    assert world.state.without_traces() == start


def test_a_kind_is_one_class_so_that_records_can_be_read() -> None:
    with pytest.raises(TypeError, match="LongLog needs a `kind` of its own: Log is 'own_log'"):

        class LongLog(Log):
            """Says no kind of its own."""

    with pytest.raises(TypeError, match="Other needs a `kind` of its own: Log is 'own_log'"):

        class Other(Resource):
            """Takes somebody else's."""

            kind: ClassVar[str] = "own_log"

    assert resource_type("own_log") is Log


@pytest.mark.parametrize("name", ["Own-Log", "OwnLog2", "Öwn", ""])
def test_a_host_calls_functions_that_are_named_in_letters_only(name: str) -> None:
    with pytest.raises(TypeError, match="Numbered needs a `function` of letters only"):

        class Numbered(Sized):
            """A kind whose functions the envelope would not call."""

            kind: ClassVar[str] = "own_numbered"
            function: ClassVar[str] = name


@pytest.mark.parametrize("what", ["content", "request", "before"])
def test_what_fails_before_a_write_is_sent_leaves_no_intent(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing that can fail stands between the record and the sending."""

    def fail(*_: object, **__: object) -> Any:
        raise ZeroDivisionError

    place = {
        "content": "remediate.engine.host_run.folders",
        "request": "remediate.engine.order.write_calls",
        "before": "remediate.engine.host_run.records",
    }
    world = World(HostState("SRV01", {"own_log": [{"name": "Application", "size": 1}]}))
    monkeypatch.setattr(place[what], fail)
    report = world.apply(job_of(Resize()))
    assert report.outcome is Outcome.INTERNAL_ERROR
    [said_of] = world.store.run("run-1").hosts
    assert (said_of.intent, said_of.report) == (None, report)
    assert world.store.leases(world.engine.now()) == []
    assert {name.partition("-")[0] for name in world.sent()} == {"Get"}
    monkeypatch.undo()
    assert world.apply(job_of(Resize())).outcome is Outcome.CHANGED


def test_what_a_playbook_cannot_judge_when_it_is_read_back_is_not_proven(world: World) -> None:
    """Its write is made, and taken back: nobody can say that it does what it is for."""

    class Fragile(SetValue):
        """Fails once it has what it wants."""

        id = "fragile"

        def decide(self, seen: Any, params: PlaybookParams) -> Any:
            if seen.one(RegistryValue).text == self.wanted:
                raise ZeroDivisionError
            return super().decide(seen, params)

    before = everything(world.state)
    report = world.apply(job_of(Fragile()))
    assert report.outcome is Outcome.ROLLED_BACK
    assert everything(world.state) == before
    assert list(world.engine.reconcile()) == []
