"""`remediate audit`: what playbooks would change."""

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from remediate.cli import connecting, hosting, jobs, pace, playbooks, run_ids, targets
from remediate.cli.following import OF_HOSTS, OUTPUT, format_option, verbose_option
from remediate.cli.lazy import Option
from remediate.cli.reports import report_option
from remediate.cli.stop import Stop
from remediate.cli.waiving import waiver_options, waivers
from remediate.cli.wiring import Parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from remediate.engine.auditing import AuditRecorder, Comparison
    from remediate.engine.engine import Engine
    from remediate.engine.job import Job
    from remediate.model.outcome import HostReport
    from remediate.store.protocol import Store

LAST = "last"
"""Stands for the newest audit that the present one can be compared with."""


def audit(
    ctx: click.Context,
    names: tuple[str, ...],
    *,
    command: str = "audit",
    store: "Store | None" = None,
) -> int:
    """Look at hosts and say what would be changed; also what `apply --dry-run` does.

    Args:
        ctx: what click has read.
        names: ids of playbooks; all when empty.
        command: what was typed.
        store: the journal, for what an apply would find in it; nothing is recorded.

    Returns:
        The exit code.
    """
    from remediate.report.reporter import Subject

    parts: Parts = ctx.obj
    options = ctx.params
    chosen = hosting.choose(parts, options, partial(jobs.selected_job, ctx, names))
    job = chosen.job
    since = _earlier(parts, options, chosen, job) if options.get("since") else None
    with _recording(parts, options, job) as recorder:
        subject = Subject(
            command=command,
            hosts=chosen.names,
            run=recorder.audit.id if recorder else None,
            titles=playbooks.titles(ctx),
            sources=playbooks.sources(ctx),
            verbose=options.get("verbose", False),
            waivers=waivers(parts, options, chosen, playbooks.titles(ctx)),
            proceed=lambda wanted: hosting.proceed(
                parts.arguments,
                () if names or options.get("all_safe") else jobs.with_given(ctx, wanted),
            ),
        )

        def look(engine: "Engine") -> "Iterable[HostReport]":
            reports = engine.audit(chosen.hosts, job, chosen.only)
            reports = recorder.during(reports, chosen.names) if recorder else reports
            reports = since.during(reports) if since else reports
            return _graver(reports, options.get("severity"))

        return hosting.over_hosts(parts, options, subject, chosen, look, store)


def _earlier(
    parts: Parts, options: "Mapping[str, Any]", chosen: hosting.Chosen, job: "Job"
) -> "Comparison":
    """The audit that this one is compared with.

    Raises:
        Stop: what is named is no audit, or none is recorded that could be meant.
        StoreError: it cannot be read.
    """
    from remediate.engine.auditing import Comparison
    from remediate.model.text import count

    with parts.store() as store:
        wanted = options["since"]
        named = run_ids.last_audit(store, chosen.names, job.uses) if wanted == LAST else wanted
        then = run_ids.audited(store, named)
    left = sorted({host.host for host in then.hosts} - set(chosen.names))
    if left:
        many, such = count(len(left), "host"), " such as" if len(left) > 1 else ""
        parts.terminal.say(f"Not asked now: {many} of run {then.run.id},{such} {left[0]}.")
    return Comparison(then, job.uses)


@contextmanager
def _recording(
    parts: Parts, options: "Mapping[str, Any]", job: "Job"
) -> "Iterator[AuditRecorder | None]":
    """Where an audit is recorded: one of an inventory, where there is a store that can be used."""
    from remediate.engine.auditing import AuditRecorder
    from remediate.model.change import Severity
    from remediate.model.run import RunKind
    from remediate.store.errors import StoreError

    def failed(error: StoreError) -> None:
        hint = f" {error.hint}" if error.hint else ""
        parts.terminal.say(f"Warning: this audit is not recorded: {error.message}.{hint}")

    with ExitStack() as stack:
        recorder, least = None, options.get("severity")
        if options.get("record") and options["inventory"] is not None:
            try:
                store = stack.enter_context(parts.store(make=True))
                run = hosting.begun(
                    RunKind.AUDIT, job.uses, least=Severity(least) if least else None
                )
                recorder = stack.enter_context(AuditRecorder(store, run, failed))
            except StoreError as error:
                failed(error)
        yield recorder


def _graver(reports: "Iterable[HostReport]", least: str | None) -> "Iterator[HostReport]":
    """Reports without the findings that matter less than somebody asks for."""
    from remediate.engine.verdict import graver
    from remediate.model.change import Severity

    for report in reports:
        yield report if least is None else graver(report, Severity(least))


def one_selection(options: "Mapping[str, Any]") -> None:
    """Make sure that playbooks are named, or chosen from all, and not both.

    Raises:
        Stop: they are.
    """
    for given, noun in (("topics", "a topic too"), ("excepted", "one is left out")):
        if options["playbooks"] and options[given]:
            raise Stop(f"a playbook is named, and {noun}", "Give one of both.")


@click.pass_context
def _run(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401 - read from the context
    one_selection(options)
    return audit(ctx, options["playbooks"])


command = playbooks.PlaybookCommand(
    "audit",
    callback=_run,
    help="See what playbooks would change on hosts. Nothing is written. "
    "With no PLAYBOOK, checks all of them in one round trip per host, except those you must name, "
    "such as iscsi-restart, and slow ones (--deep).",
    params=[
        playbooks.playbook_argument(many=True, required=False),
        *playbooks.selection_options(),
        Option(
            ["--severity"],
            type=click.Choice(["notice", "warning", "critical"]),
            section=playbooks.PLAYBOOKS,
            help="Only what matters at least so much; the exit code is about that alone.",
        ),
        Option(
            ["--since"],
            metavar="RUN",
            section=OUTPUT,
            help="Also tell what is new, gone and unchanged since a recorded audit; last is the "
            "newest that asked most of the same.",
        ),
        *waiver_options(),
        playbooks.playbooks_option(),
        *targets.host_options(),
        *connecting.connection_options(),
        pace.processes_option(),
        format_option(*OF_HOSTS),
        report_option(),
        verbose_option(),
        Option(
            ["--no-record", "record"],
            is_flag=True,
            flag_value=False,
            default=True,
            section=OUTPUT,
            help="Do not record what was found. An audit of an inventory is, for 90 days.",
        ),
    ],
)
