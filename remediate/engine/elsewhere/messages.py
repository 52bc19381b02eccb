"""What the process that a person has started and those that work for it say to each other."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from remediate.engine.job import Settings
from remediate.engine.order import Verb
from remediate.engine.recorded import Removal
from remediate.engine.saved import Saved
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.model.computer import Computer
from remediate.model.event import HostPhase, HostProgress
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Worked
from remediate.model.plan import Observed, Plan, PlaybookUse
from remediate.model.run import Intent
from remediate.model.waiver import Waivers
from remediate.runner.processes import PipeError

# --- to a process that works ----------------------------------------------------------------------


class Begin(Model):
    """The first message: what belongs to all orders.

    Args:
        number: of the process.
        workers: how many hosts are worked on at the same time, in all processes.
        files: the playbook files that have run in the first process, with their text.
        names: those that are not masked; see `Redaction.typed`.
        spill_folder: where the journal goes when the store fails after an intent.
        locks: the store's folder of locks; None when there is no store.
        debug: everything is logged.
    """

    type: Literal["begin"] = "begin"
    number: int
    workers: int
    files: tuple[tuple[Path, str], ...]
    names: tuple[str, ...]
    spill_folder: Path | None
    locks: Path | None
    debug: bool


class Known(Model):
    """Secrets to be masked from now on, each with its user."""

    type: Literal["known"] = "known"
    secrets: tuple[tuple[str, str], ...] = Field(repr=False)


class TaskPart(Model):
    """A playbook with its parameters, secret ones among them.

    Args:
        file: the number of its file.
        class_name: its class in it.
        params: those that are not left as its class says.
        origins: see `Task`.
        given: see `Task`.
    """

    file: int
    class_name: str
    params: dict[str, JsonValue] = Field(repr=False)
    origins: dict[str, str]
    given: dict[str, str]


class Define(Model):
    """A task that orders name by its number."""

    type: Literal["define"] = "define"
    number: int
    task: TaskPart


class PlaybookPart(Model):
    """A `PlaybookPlanner` that copies nothing; its tasks by their numbers."""

    kind: Literal["playbooks"] = "playbooks"
    tasks: tuple[int, ...]
    named: bool
    safe: bool
    earlier: tuple[Change, ...]
    waivers: Waivers


class RecordPart(Model):
    """A `RecordPlanner`."""

    kind: Literal["record"] = "record"
    uses: tuple[PlaybookUse, ...]
    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]


class UndoPart(Model):
    """An `UndoPlanner`."""

    kind: Literal["undo"] = "undo"
    uses: tuple[PlaybookUse, ...]
    changes: tuple[Change, ...]
    snapshot: tuple[Observed, ...]
    force: bool
    guards: PlaybookPart | None
    cut_off: bool
    restarts: tuple[Change, ...]
    harmed: bool
    removals: tuple[Removal, ...]


PlannerPart = Annotated[PlaybookPart | RecordPart | UndoPart, Field(discriminator="kind")]


class OrderPart(Model):
    """An `Order` that copies nothing."""

    verb: Verb
    host: Host
    settings: Settings
    planner: PlannerPart
    run: str
    ask: bool
    takes_over: tuple[str, ...]
    computer: Computer | None
    notes: tuple[str, ...]
    settling: float
    saved: Saved | None
    worked: Worked | None


class Do(Model):
    """Carry an order out.

    Args:
        number: by which all about it is known.
        order: the order, as an `OrderPart` is in JSON; it is read once it is carried out.
        secret: the password of its host; None when it has none.
        no_secret: why it cannot be had.
    """

    type: Literal["do"] = "do"
    number: int
    order: dict[str, Any]
    secret: str | None = Field(repr=False)
    no_secret: str


class Go(Model):
    """All orders of a share were sent: begin, beside what is under way.

    Args:
        workers: how many hosts the process works on at the same time from now on.
    """

    type: Literal["go"] = "go"
    workers: int


class Halt(Model):
    """Begin no further order; those under way are finished."""

    type: Literal["halt"] = "halt"


class Interrupt(Model):
    """A person has interrupted the run: nothing that takes longer is gone on with."""

    type: Literal["interrupt"] = "interrupt"


class Failure(Model):
    """Why what was asked for was not done.

    Args:
        kind: what sort of error it is.
        message: what happened.
        hint: what to do next.
        user: the account, where it was refused elsewhere.
        where: who has refused it.
        other: see `AccountRefusedElsewhere`.
    """

    kind: Literal["store", "account", "timed_out", "internal"]
    message: str = ""
    hint: str = ""
    user: str = ""
    where: str = ""
    other: str = ""


class Answered(Model):
    """What was asked for on behalf of an order.

    Args:
        number: of the order.
        value: the answer, as each question has its own.
        failure: why there is none.
    """

    type: Literal["answered"] = "answered"
    number: int
    value: JsonValue = None
    failure: Failure | None = None


class End(Model):
    """There is nothing more to do."""

    type: Literal["end"] = "end"


# --- from a process that works --------------------------------------------------------------------


class Learned(Model):
    """A secret that an order has brought to light; to be masked from now on."""

    type: Literal["learned"] = "learned"
    secret: str = Field(repr=False)
    user: str


class Logged(Model):
    """A line that was logged."""

    type: Literal["logged"] = "logged"
    line: str


class Seen(Model):
    """Something happened on the host of an order."""

    type: Literal["seen"] = "seen"
    number: int
    event: Annotated[HostPhase | HostProgress, Field(discriminator="type")]


class TakeLease(Model):
    """See `HostStore.take_lease`."""

    what: Literal["take_lease"] = "take_lease"
    host: str
    run: str
    owner: str
    now: datetime
    ttl: timedelta


class ReleaseLease(Model):
    """See `HostStore.release_lease`."""

    what: Literal["release_lease"] = "release_lease"
    host: str
    run: str


class RecordIntent(Model):
    """See `HostStore.record_intent`."""

    what: Literal["record_intent"] = "record_intent"
    intent: Intent


class CloseHost(Model):
    """See `HostStore.close_host`."""

    what: Literal["close_host"] = "close_host"
    run: str
    host: str
    report: HostReport
    reconciled: bool
    frees: str


class Confirm(Model):
    """A person is to be asked; the answer is theirs."""

    what: Literal["confirm"] = "confirm"
    plan: Plan


class CheckTurn(Model):
    """See `Turn.check`; the answer is whether the password was taken."""

    what: Literal["check_turn"] = "check_turn"
    turn: int


class TakeTurn(Model):
    """See `Turn.take`; the answer is whether it took waiting, and whether the password was taken.

    Args:
        turn: its number.
        seconds: how long to wait at most.
    """

    what: Literal["take_turn"] = "take_turn"
    turn: int
    seconds: float


Question = Annotated[
    TakeLease | ReleaseLease | RecordIntent | CloseHost | Confirm | CheckTurn | TakeTurn,
    Field(discriminator="what"),
]


class Asked(Model):
    """Something is to be done for an order, which waits for the answer."""

    type: Literal["asked"] = "asked"
    number: int
    question: Question


LogonEnd = Literal["accepted", "refused", "left"]


class TurnTold(Model):
    """What became of a logon; nobody waits for an answer.

    Args:
        number: of the order.
        turn: number of the turn.
        what: see `Turn`.
        by: who has refused it.
    """

    type: Literal["turn"] = "turn"
    number: int
    turn: int
    what: LogonEnd
    by: str = ""


class Skipped(Model):
    """An order was not begun."""

    type: Literal["skipped"] = "skipped"
    number: int


class Done(Model):
    """An order was carried out."""

    type: Literal["done"] = "done"
    number: int
    report: HostReport


ToMember = Annotated[
    Begin | Known | Define | Do | Go | Halt | Interrupt | Answered | End,
    Field(discriminator="type"),
]
ToCrew = Annotated[
    Learned | Logged | Seen | Asked | TurnTold | Skipped | Done, Field(discriminator="type")
]

_TO_MEMBER: TypeAdapter[ToMember] = TypeAdapter(ToMember)
_TO_CREW: TypeAdapter[ToCrew] = TypeAdapter(ToCrew)


def to_member(message: dict[str, Any]) -> ToMember:
    """A message of the process that a person has started.

    Raises:
        PipeError: it is none; what it says is not repeated, as it may be a secret.
    """
    read: ToMember = _read(_TO_MEMBER, message)
    return read


def to_crew(message: dict[str, Any]) -> ToCrew:
    """A message of a process that works for this one.

    Raises:
        PipeError: as above.
    """
    read: ToCrew = _read(_TO_CREW, message)
    return read


def _read(adapter: TypeAdapter[Any], message: dict[str, Any]) -> Any:  # noqa: ANN401 - as the adapter says
    try:
        return adapter.validate_python(message)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PipeError(f"a message is not as agreed: {where}: {first['type']}") from None
