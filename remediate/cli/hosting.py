"""The one body of the commands that go to hosts: an engine's verb, followed to its exit code."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from remediate.cli import jobs, playbooks, recorded, settings_file, targets
from remediate.cli.following import Following
from remediate.cli.garbage import keep_what_is_there
from remediate.cli.here import THIS_MACHINE
from remediate.cli.interruption import CtrlC
from remediate.cli.stop import Interrupted, Stop
from remediate.cli.wiring import Parts, operator, settings

if TYPE_CHECKING:
    from remediate.engine.engine import Engine
    from remediate.engine.job import Job
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.change import Severity
    from remediate.model.host import Host
    from remediate.model.outcome import HostReport
    from remediate.model.plan import PlaybookUse
    from remediate.model.run import Run, RunKind
    from remediate.report.reporter import Subject
    from remediate.store.protocol import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The hosts of a command.

    Args:
        hosts: where it works.
        peers: the hosts that playbooks copy from, by name.
        only: ids of the playbooks of each host, by its name; all of them when None.
        work: what they are asked; None when it is not about playbooks.
        places: where the inventory has each (`prod.yaml:12:7`), by name.
        listed: names of all hosts of the inventory; none without one.
    """

    hosts: "Sequence[Host]"
    peers: "Mapping[str, Host]" = field(default_factory=dict)
    only: "Mapping[str, Collection[str]] | None" = None
    work: "Job | None" = None
    places: "Mapping[str, str]" = field(default_factory=dict)
    listed: Sequence[str] = ()

    @property
    def job(self) -> "Job":
        """What they are asked."""
        if self.work is None:
            raise RuntimeError("a command that is not about playbooks has no job")
        return self.work

    @property
    def names(self) -> list[str]:
        """What the operator calls them."""
        return [host.name for host in self.hosts]


def choose(
    parts: Parts,
    options: Mapping[str, Any],
    asked: "Callable[[Sequence[InventoryHost]], Job] | None" = None,
) -> Chosen:
    """The hosts that the command line chooses, and those that its playbooks copy from.

    Args:
        parts: what the command works with.
        options: values of the options, by name.
        asked: what the hosts are asked, as the inventory describes them; None when it is not about
            playbooks.

    Raises:
        InventoryError: the inventory cannot be used.
        Stop: none is chosen, or one that cannot be connected to as it is described.
    """
    interactive = parts.terminal.interactive
    known = targets.inventory(options, parts.terminal.say)
    entries = targets.chosen(options, known)
    job = asked(entries) if asked else None
    copied = jobs.copied_from(job) if job is not None else ()
    if copied and THIS_MACHINE in options["hosts"]:
        origins = ", ".join(copied)
        raise Stop(
            f"files are copied from {origins}, and with --host . there is no logon elsewhere",
            "Give the name by which WinRM reaches this server, or a folder that the files are in "
            "(--from-folder).",
        )
    hosts = targets.select_hosts(options, known, interactive=interactive)
    only = options.get("found")
    if only is not None:
        hosts = tuple(host for host in hosts if only.get(host.name))
        if not hosts:
            raise Stop(
                "that audit found nothing to change on the hosts that are chosen",
                "Audit them again, or choose others.",
            )
    peers = targets.peers(options, known, copied, interactive=interactive)
    places = {entry.name: entry.at for entry in entries if entry.at}
    listed = [entry.name for entry in known.entries()] if known else ()
    return Chosen(hosts, peers, only, job, places, listed)


def begun(
    kind: "RunKind",
    uses: "tuple[PlaybookUse, ...]",
    undoes: str | None = None,
    least: "Severity | None" = None,
    plan: str | None = None,
) -> "Run":
    """A run that begins now.

    Args:
        kind: what it does.
        uses: its playbooks.
        undoes: the run that it undoes.
        least: the least severity that it is to tell.
        plan: digest of the saved plan that it applies.
    """
    from remediate.model.run import Run, new_run_id

    started = datetime.now(UTC)
    return Run(
        id=new_run_id(started),
        kind=kind,
        playbooks=uses,
        operator=operator(),
        started=started,
        undoes=undoes,
        least=least,
        plan=plan,
    )


def later(options: Mapping[str, Any], hosts: "Sequence[Host]") -> dict[str, Any]:
    """What a later command about the same run has to say, for its subject."""
    return {
        "needed": [
            *playbooks.needed(options["folders"]),
            *recorded.needed(hosts),
            *settings_file.needed(options),
        ],
        "by_name": recorded.to_be_named(hosts),
    }


_LOOKING_FOR = {"--topic", "--except", "--severity", "--since", "--report"}
_LOOKING = {"--dry-run", "--debug", "--deep", "--verbose", "--no-record", "--why", *_LOOKING_FOR}
"""Options that are about looking, not about changing; those with a value apart."""


def proceed(arguments: Sequence[str], unsaid: Sequence[str] = (), command: str = "apply") -> str:
    """The command that does what this one has only announced.

    Args:
        arguments: what was typed after the program's name.
        unsaid: what it is about and was not typed: playbooks, or a run.
        command: what comes after one that only looks.
    """
    from remediate.report.words import command_line

    values = {n + 1 for n, word in enumerate(arguments) if word in _LOOKING_FOR}
    words = [
        word
        for number, word in enumerate(arguments)
        if word.partition("=")[0] not in _LOOKING and number not in values
    ]
    if words and words[0] in {"audit", "diagnose"}:
        words[0] = command
    return command_line(["remediate", *words[:1], *unsaid, *words[1:]])


def of_one_host(
    parts: Parts,
    options: Mapping[str, Any],
    what: str,
    asked: "Callable[[Sequence[InventoryHost]], Job]",
    verb: "Callable[[Engine, Host, Job], Iterable[T]]",
) -> "T":
    """What an engine finds out about the one host that is chosen. Nothing is written there.

    Args:
        parts: what the command works with.
        options: values of the options, by name.
        what: is about one server (`facts are`).
        asked: what it is asked, as the inventory describes it.
        verb: what is to be found out, in one result.

    Raises:
        SecretError: a password cannot be had.
        Stop: several are chosen, or none.
        Interrupted: somebody pressed Ctrl-C.
    """
    chosen = choose(parts, options, asked)
    if len(chosen.hosts) > 1:
        raise Stop(
            f"{what} about one server, and {len(chosen.hosts)} are chosen",
            "Choose one with --host, or with --limit from an inventory.",
        )
    if wanted := options.get("reports"):
        from remediate.cli.reports import require_unused

        require_unused(wanted, parts, options, [*chosen.hosts, *chosen.peers.values()])
    engine = parts.engine(chosen.hosts, settings(options), peers=chosen.peers)
    found: list[T] = []
    stop = CtrlC(parts.terminal.interrupted)
    with stop:
        try:
            found += stop.during(verb(engine, chosen.hosts[0], chosen.job))
        except KeyboardInterrupt:
            parts.terminal.interrupted.set()
    if parts.terminal.interrupted.is_set():
        raise Interrupted("interrupted; nothing was written to any host")
    return found[0]


def each(
    parts: Parts,
    options: Mapping[str, Any],
    hosts: "Sequence[Host]",
    look: "Callable[[Host], T]",
) -> "list[T]":
    """What is found out about each host, in their order. Nothing is written there.

    Args:
        parts: what the command works with.
        options: values of the options, by name.
        hosts: in any order.
        look: finds it out; called in several threads.

    Raises:
        Interrupted: somebody pressed Ctrl-C.
    """
    from remediate.runner import Loop
    from remediate.runner.protocol import Waiting
    from remediate.transport.dialing import most_at_once

    async def one(host: "Host", waiting: Waiting) -> T:
        return await waiting.aside(partial(look, host))

    found: dict[str, T] = {}
    stop = CtrlC(parts.terminal.interrupted)
    with parts.terminal.progress(len(hosts)) as progress, stop:
        try:
            runner = Loop(settings(options).workers, dialled=most_at_once())
            for host, result in stop.during(runner.run(hosts, one, look)):
                found[host.name] = result
                if progress:
                    progress.done()
        except KeyboardInterrupt:
            parts.terminal.interrupted.set()
    if parts.terminal.interrupted.is_set():
        raise Interrupted("interrupted; nothing was written to any host")
    return [found[host.name] for host in hosts]


def over_hosts(
    parts: Parts,
    options: Mapping[str, Any],
    subject: "Subject",
    chosen: Chosen,
    verb: "Callable[[Engine], Iterable[HostReport]]",
    store: "Store | None" = None,
    *,
    writes: bool = False,
) -> int:
    """Let an engine do something on hosts, and show each verdict as it comes.

    Args:
        parts: what the command works with.
        options: values of the options, by name.
        subject: what the result is about.
        chosen: the hosts.
        verb: what is to be done.
        store: the journal, for what reads or writes it.
        writes: hosts may be changed by it.

    Returns:
        The exit code.

    Raises:
        SecretError: a password cannot be had.
        Interrupted: somebody pressed Ctrl-C; says what was left behind.
    """
    subject = replace(subject, places=chosen.places)
    files = None
    if wanted := options.get("reports"):
        from remediate.cli.reports import require_unused
        from remediate.report.files import ReportFiles

        require_unused(wanted, parts, options, [*chosen.hosts, *chosen.peers.values()])
        files = ReportFiles(subject, wanted, parts.terminal.complain)
    following = Following(parts.terminal, options["form"], subject, files, writes=writes)
    engine = parts.engine(
        chosen.hosts,
        settings(options),
        store=store,
        emit=following.emit,
        peers=chosen.peers,
        waivers=subject.waivers,
    )
    keep_what_is_there()
    return following.finish(verb(engine))
