"""Orders as messages, and back."""

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from pydantic import SecretStr, ValidationError

from remediate.engine.elsewhere.messages import (
    Define,
    OrderPart,
    PlannerPart,
    PlaybookPart,
    RecordPart,
    TaskPart,
    UndoPart,
)
from remediate.engine.job import Job, Task
from remediate.engine.order import Order
from remediate.engine.planning import Planner, PlaybookPlanner
from remediate.engine.rollback import RecordPlanner, UndoPlanner
from remediate.errors import RemediateError
from remediate.model.connection import Via
from remediate.playbook.loader import PlaybookFile, file_of
from remediate.runner.processes import PipeError

_COPIES = "a playbook copies files to the hosts"


class StaysError(RemediateError):
    """An order cannot be carried out by another process; the text says why."""


class Packing:
    """Makes messages of orders.

    Args:
        files: those that the other processes have.
    """

    def __init__(self, files: Sequence[PlaybookFile]) -> None:
        self._files = {file: number for number, file in enumerate(files)}
        self._numbers = count(1)
        self._tasks: dict[Task, Define] = {}

    def pack(self, order: Order) -> OrderPart:
        """An order as a message.

        Raises:
            StaysError: it cannot be carried out elsewhere.
        """
        if order.host.transport is Via.LOCAL:
            raise StaysError("this machine itself is among the hosts")
        if order.supplies:
            raise StaysError(_COPIES)
        return OrderPart(
            verb=order.verb,
            host=order.host,
            settings=order.settings,
            planner=self._planner(order.planner),
            run=order.run,
            ask=order.ask,
            takes_over=order.takes_over,
            computer=order.computer,
            notes=order.notes,
            settling=order.settling,
            saved=order.saved,
            worked=order.worked,
        )

    def defined(self, order: Order) -> list[Define]:
        """The tasks that the message of an order names, each as a message."""
        planner = order.planner
        if isinstance(planner, UndoPlanner):
            planner = planner.guards or planner
        tasks = planner.job.tasks if isinstance(planner, PlaybookPlanner) else ()
        return [self._define(task) for task in tasks]

    def _planner(self, planner: Planner) -> PlannerPart:
        if type(planner) is PlaybookPlanner:
            return self._playbooks(planner)
        if type(planner) is UndoPlanner:
            return UndoPart(
                uses=planner.uses,
                changes=planner.changes,
                snapshot=planner.snapshot,
                force=planner.force,
                guards=None if planner.guards is None else self._playbooks(planner.guards),
                cut_off=planner.cut_off,
                restarts=planner.restarts,
                harmed=planner.harmed,
                removals=planner.removals,
            )
        if type(planner) is RecordPlanner:
            return RecordPart(uses=planner.uses, changes=planner.changes, snapshot=planner.snapshot)
        raise StaysError("what a host answers is to be kept as it is")

    def _playbooks(self, planner: PlaybookPlanner) -> PlaybookPart:
        if planner.originals:
            raise StaysError(_COPIES)
        job = planner.job
        tasks = tuple(self._define(task).number for task in job.tasks)
        return PlaybookPart(
            tasks=tasks,
            named=job.named,
            safe=job.safe,
            earlier=planner.earlier,
            waivers=planner.waivers,
        )

    def _define(self, task: Task) -> Define:
        if task not in self._tasks:
            self._tasks[task] = Define(number=next(self._numbers), task=self._task(task))
        return self._tasks[task]

    def _task(self, task: Task) -> TaskPart:
        file, kind = file_of(task.playbook), type(task.playbook)
        name = task.playbook.id
        if file is None or file not in self._files:
            raise StaysError(f"playbook {name} comes from no file")
        set_ = task.params.model_dump(
            exclude_unset=True
        )  # a default is not read, as it was not here
        params = _revealed(task.params.model_dump(mode="json", exclude_unset=True), set_)
        try:
            same = kind.params.model_validate(params) == task.params
        except ValidationError:
            same = False
        if not same or type(file.playbook(kind.__name__)) is not kind:
            raise StaysError(f"playbook {name} would not be the same elsewhere")
        return TaskPart(
            file=self._files[file],
            class_name=kind.__name__,
            params=params,
            origins=dict(task.origins),
            given=dict(task.given),
        )


def _revealed(shown: Any, known: Any) -> Any:  # noqa: ANN401 - any part of some parameters
    """Parameters as JSON, with what is secret as it is.

    Args:
        shown: as JSON, with masks.
        known: the same as Python has it.
    """
    if isinstance(known, SecretStr):
        return known.get_secret_value()
    if isinstance(known, Mapping):
        return {
            name: _revealed(part, value)
            for (name, part), value in zip(shown.items(), known.values(), strict=True)
        }
    if isinstance(known, list | tuple | set | frozenset):
        return [_revealed(part, value) for part, value in zip(shown, known, strict=True)]
    return shown


class Unpacking:
    """Makes orders of messages.

    Args:
        files: as they were sent.
    """

    def __init__(self, files: Sequence[PlaybookFile]) -> None:
        self._files = files
        self._tasks: dict[int, Task] = {}

    def define(self, message: Define) -> None:
        """Take a task in.

        Raises:
            PlaybookError: its file cannot be used here.
            pydantic.ValidationError: its playbook does not take such parameters here.
        """
        part = message.task
        playbook = self._files[part.file].playbook(part.class_name)
        params = playbook.params.model_validate(part.params)
        self._tasks[message.number] = Task(playbook, params, part.origins, part.given)

    def order(self, part: OrderPart) -> Order:
        """The order of a message.

        Raises:
            PipeError: it names a task that was not defined.
        """
        return Order(
            verb=part.verb,
            host=part.host,
            settings=part.settings,
            planner=self._planner(part.planner),
            run=part.run,
            ask=part.ask,
            takes_over=part.takes_over,
            computer=part.computer,
            notes=part.notes,
            settling=part.settling,
            saved=part.saved,
            worked=part.worked,
        )

    def _planner(self, part: PlannerPart) -> Planner:
        match part:
            case PlaybookPart():
                return self._playbooks(part)
            case RecordPart():
                return RecordPlanner(part.uses, part.changes, part.snapshot)
            case UndoPart():
                return UndoPlanner(
                    part.uses,
                    part.changes,
                    part.snapshot,
                    force=part.force,
                    guards=self._playbooks(part.guards) if part.guards is not None else None,
                    cut_off=part.cut_off,
                    restarts=part.restarts,
                    harmed=part.harmed,
                    removals=part.removals,
                )

    def _playbooks(self, part: PlaybookPart) -> PlaybookPlanner:
        if not self._tasks.keys() >= set(part.tasks):
            raise PipeError("a task was not defined")
        job = Job(tuple(self._tasks[number] for number in part.tasks), part.named, part.safe)
        return PlaybookPlanner(job, earlier=part.earlier, waivers=part.waivers)
