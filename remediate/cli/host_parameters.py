"""Parameters of playbooks that an inventory has for hosts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from remediate.cli.parameters import FromInventory, Parameter, job, parameters, wrong_value
from remediate.cli.stop import NOTHING_SENT, Stop
from remediate.engine.job import Job
from remediate.model.text import count, in_quotes
from remediate.playbook.base import Playbook

if TYPE_CHECKING:
    from remediate.inventory.protocol import InventoryHost, Param
    from remediate.playbook.catalogue import Catalogue

_Way = tuple[tuple[str, FromInventory], ...]
"""What an inventory says of parameters, by `Parameter.key`; many hosts have the same."""


def require_known(known: "Catalogue", hosts: "Sequence[InventoryHost]") -> None:
    """Make sure that an inventory's parameters are of playbooks that there are.

    Args:
        known: the playbooks.
        hosts: as their inventory describes them.

    Raises:
        Stop: one is not: a misspelt one would be left out without a word.
    """
    for host in hosts:
        for param, _ in host.params():
            if param.playbook not in known.entries:
                raise _unknown(param, known)


def _unknown(param: "Param", known: "Catalogue") -> Stop:
    near = get_close_matches(param.playbook, known.entries, n=1)
    hint = f"Did you mean {near[0]}?" if near else "remediate list shows those."
    return Stop(f"{param.at}: there is no playbook {in_quotes(param.playbook)}", hint)


def fault_of(param: "Param", known: "Catalogue") -> str:
    """What is wrong with a parameter of an inventory, without its place; empty when nothing is.

    Args:
        param: as the inventory has it.
        known: the playbooks.
    """
    try:
        if param.playbook not in known.entries:
            raise _unknown(param, known)
        playbook = known.load(param.playbook)
        return wrong_value(playbook, _meant(param, playbook), param.value)
    except Stop as stop:
        return stop.in_a_list.removeprefix(f"{param.at}: ")


class Jobs:
    """What hosts are asked, each with its parameters.

    Args:
        playbooks: as for `parameters.job`.
        values: as for `parameters.job`; they count more than an inventory.
        named: as for `parameters.job`; else a playbook is left out where a parameter is missing.
        safe: as for `parameters.job`.
        known: as for `parameters.job`.
    """

    def __init__(
        self,
        playbooks: Sequence[Playbook[Any]],
        values: Mapping[str, Any],
        *,
        named: bool,
        safe: bool,
        known: Callable[[str], None],
    ) -> None:
        self._playbooks = playbooks
        self._values = values
        self._named = named
        self._safe = safe
        self._known = known
        self._parameters = {
            playbook.id: {one.plain: one for one in parameters([playbook])}
            for playbook in playbooks
        }

    def of(self, hosts: "Sequence[InventoryHost]") -> tuple[Job, list[str]]:
        """What the hosts are asked, and what some are not, in sentences.

        Args:
            hosts: as their inventory describes them; none where nothing is known of them.

        Raises:
            Stop: a value is not allowed, or a required one is missing.
        """
        each: dict[str, _Way] = {host.name: tuple(self._way(host)) for host in hosts} or {"": ()}
        ways = dict.fromkeys(each.values())
        lacking = {way: {} if self._named else self._lacking(dict(way)) for way in ways}
        jobs = {way: self._job(way, lacking[way]) for way in ways}
        left: dict[tuple[str, str], int] = {}
        for way in each.values():
            for one in lacking[way].items():
                left[one] = left.get(one, 0) + 1
        told = [
            f"{playbook} is left out{_on(many, len(each))}: it needs {option}."
            for (playbook, option), many in left.items()
        ]
        if list(jobs) == [()]:
            return jobs[()], told
        tasks = {task.playbook.id: task for one in jobs.values() for task in one.tasks}
        tasks |= {task.playbook.id: task for task in jobs[()].tasks} if () in jobs else {}
        whole = Job.of(tasks.values(), named=self._named, safe=self._safe)
        return replace(whole, own={name: jobs[way] for name, way in each.items()}), told

    def _job(self, way: _Way, lacking: Mapping[str, str]) -> Job:
        return job(
            [playbook for playbook in self._playbooks if playbook.id not in lacking],
            self._values,
            named=self._named,
            safe=self._safe,
            known=self._known,
            said=dict(way),
        )

    def _lacking(self, said: Mapping[str, FromInventory]) -> dict[str, str]:
        """Playbooks with a required parameter that nobody gives: the option, by playbook."""
        return {
            one.playbook: one.plain
            for known in self._parameters.values()
            for one in known.values()
            if one.field.is_required() and not self._given(one) and one.key not in said
        }

    def _given(self, parameter: Parameter) -> bool:
        return self._values.get(parameter.key) not in {None, ()}

    def _way(self, host: "InventoryHost") -> Iterator[tuple[str, FromInventory]]:
        for param, where in host.params():
            if param.playbook in self._parameters:
                parameter = self._parameter(param)
                if not self._given(parameter):
                    yield parameter.key, FromInventory(param.value, where, param.at)

    def _parameter(self, param: "Param") -> Parameter:
        return _meant(param, next(one for one in self._playbooks if one.id == param.playbook))


def _meant(param: "Param", playbook: Playbook[Any]) -> Parameter:
    """The parameter that an inventory means.

    Raises:
        Stop: there is none, or it cannot be said there.
    """
    known = {one.plain: one for one in parameters([playbook])}
    found = known.get(f"--{param.option}")
    name = f"{param.at}: {param.playbook}: {in_quotes(param.option)}"
    if found is None:
        options = ", ".join(plain.removeprefix("--") for plain in known) or "it has none"
        raise Stop(f"{name} is no parameter of it", f"Parameters: {options}. {NOTHING_SENT}")
    if found.secret:
        hint = f"Give it as {found.plain}, by reference. {NOTHING_SENT}"
        raise Stop(f"{name} is a secret, which no inventory says", hint)
    if type(playbook).origin is not Playbook.origin:
        hint = f"Give it as {found.plain}: all hosts get the same copy. {NOTHING_SENT}"
        raise Stop(f"{name} is said on the command line only", hint)
    return found


def _on(some: int, every: int) -> str:
    return "" if some == every else f" on {count(some, 'host')} of {every}"
