"""The seam between commands and the ways of showing a result."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from remediate.model.event import Event
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport
from remediate.model.waiver import NO_WAIVERS, Waivers
from remediate.report.views import View, view_of


@dataclass(frozen=True, slots=True)
class Subject:
    """What a result is about.

    Args:
        command: what was typed (`apply`).
        hosts: names of the selected hosts, in their order.
        run: id of the run that the command started, when it did.
        undone: id of the run that a rollback undoes.
        titles: what each playbook makes true, by id.
        sources: address of the documentation of each playbook's fix, by id.
        places: where the inventory has each host (`prod.yaml:12:7`), by name.
        proceed: the command that would make the announced changes, when there is one; takes the
            ids of the playbooks that announce any.
        needed: options without which a later command about the run could not work.
        by_name: a later command about a host has to name it, even when it is the only one.
        verbose: nothing is folded, and each of many hosts is told in full.
        told: what a report for people says on top, a line each.
        waivers: what is left as it is.
        most: bytes of Markdown, where it is shown in what takes fewer than usual; 0 for the usual.
        recorded: what is said is what a record has, and whoever writes the store can have said it.
        waves: number of the wave of each host, from 1, by its name; none where all go together.
    """

    command: str
    hosts: Sequence[str]
    run: str | None = None
    undone: str | None = None
    titles: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    proceed: Callable[[Collection[str]], str] | None = None
    needed: Sequence[str] = ()
    by_name: bool = False
    told: Sequence[str] = ()
    recorded: bool = False
    verbose: bool = False
    waivers: Waivers = NO_WAIVERS
    most: int = 0
    waves: Mapping[str, int] = field(default_factory=dict)

    def untold(self, told: Collection[str]) -> tuple[str, ...]:
        """Names of the hosts that have no verdict, because the run ended before.

        Args:
            told: names of those that have one.
        """
        return tuple(name for name in self.hosts if name not in told)

    @property
    def view(self) -> View:
        """How results of the command are shown."""
        return view_of(self.command)


class Reporter(Protocol):
    """Shows one result; the only owner of stdout while it does."""

    def event(self, event: Event) -> None:
        """Something happened; called from any thread."""

    def host(self, report: HostReport) -> None:
        """A host has its verdict."""

    def finish(self, code: ExitCode) -> None:
        """There is no more to come."""
