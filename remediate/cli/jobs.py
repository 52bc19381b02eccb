"""What a command asks of hosts: which playbooks, with which parameters."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remediate.cli.playbooks import catalogue
from remediate.cli.stop import Stop

if TYPE_CHECKING:
    from remediate.cli.parameters import Parameter
    from remediate.engine.job import Job
    from remediate.inventory.protocol import InventoryHost
    from remediate.model.run import HostRecord, Run
    from remediate.playbook.catalogue import Catalogue


def everything(ctx: click.Context, hosts: "Sequence[InventoryHost]" = ()) -> "Job":
    """The playbooks of an audit of everything, for a command that takes no parameters of theirs.

    Args:
        ctx: what click has read.
        hosts: the hosts, with the parameters that an inventory has for them.

    Raises:
        PlaybookError: a folder or file cannot be used.
    """
    from remediate.cli import parameters

    known = catalogue(ctx.params["folders"])
    ctx.meta["catalogue"] = known
    ctx.meta["parameters"] = parameters.parameters([known.load(name) for name in known.entries])
    return selected_job(ctx, (), hosts)


def only_look(ctx: click.Context, names: Sequence[str]) -> list[str]:
    """Those of the playbooks that are named, which never change a host."""
    known: Catalogue = ctx.meta["catalogue"]
    return [name for name in dict.fromkeys(names) if known.entry(name).only_looks]


def _of_everything(ctx: click.Context) -> list[str]:
    """The playbooks of an audit that names none; to apply, those that change something.

    Raises:
        Stop: there are none about a topic that is asked for.
    """
    known: Catalogue = ctx.meta["catalogue"]
    topics, deep = ctx.params.get("topics") or [*known.topics, ""], ctx.params.get("deep")
    for topic in topics:
        if topic not in {*known.topics, ""}:
            raise Stop(f"no playbook is about {topic}", f"Topics are {', '.join(known.topics)}.")
    excepted = {known.entry(name).id for name in ctx.params.get("excepted") or ()}
    about = [
        entry
        for entry in known.entries.values()
        if entry.topic in topics and entry.id not in excepted
    ]
    if ctx.params.get("all_safe"):
        about = [entry for entry in about if not (entry.only_looks or entry.loosens)]
    chosen = [each.id for each in about if not each.on_demand and (deep or not each.deep)]
    if (found := ctx.params.get("found")) is not None:
        chosen = [each.id for each in about if any(each.id in ids for ids in found.values())]
        if not chosen:
            raise Stop(
                "that audit found nothing to change by the playbooks that are chosen",
                "Audit again, or choose others.",
            )
    if not chosen:
        raise Stop(
            f"all playbooks about {', '.join(topics)} are left out of an audit of everything",
            f"Name them: {' '.join(each.id for each in about)}." if about else "",
        )
    return chosen


def selected_job(
    ctx: click.Context, names: Sequence[str], hosts: "Sequence[InventoryHost]" = ()
) -> "Job":
    """The playbooks that are named, or all, with the parameters that are given.

    Args:
        ctx: what click has read.
        names: ids of playbooks; all when empty.
        hosts: the hosts, with the parameters that an inventory has for them.

    Raises:
        PlaybookError: there is no such playbook.
        SecretError: a secret parameter cannot be had.
        Stop: a parameter is wrong.
    """
    from remediate.cli.host_parameters import Jobs, require_known

    known: Catalogue = ctx.meta["catalogue"]
    chosen = list(dict.fromkeys(names)) or _of_everything(ctx)
    for name in chosen:
        known.entry(name)
    for parameter in _with_value(ctx):
        if parameter.playbook not in chosen:
            raise Stop(
                f"{parameter.plain} belongs to {parameter.playbook}, which is not named here",
                f"See {ctx.command_path} {' '.join(chosen)} --help.",
            )
    require_known(known, hosts)
    jobs = Jobs(
        [known.load(name) for name in chosen],
        ctx.params,
        named=bool(names),
        safe=ctx.params.get("all_safe", False),
        known=ctx.obj.redaction.add,
    )
    job, left_out = jobs.of(hosts)
    for text in left_out:
        ctx.obj.terminal.say(text)
    then = ctx.params.get("as_then") or {}
    for use in job.uses:
        if not use.asks_as(then.get(use.id, use)):
            raise Stop(
                f"{use.id} had other parameters in that audit",
                "Give it the same ones, or make a new audit.",
            )
    return job


def _with_value(ctx: click.Context) -> "list[Parameter]":
    """The parameters of playbooks that are given."""
    known: list[Parameter] = ctx.meta["parameters"]
    return [one for one in known if ctx.params.get(one.key) not in {None, ()}]


def with_given(ctx: click.Context, wanted: Collection[str]) -> list[str]:
    """Playbooks, and those whose parameters are given, which they must be named for."""
    return sorted({*wanted, *(parameter.playbook for parameter in _with_value(ctx))})


def copied_from(job: "Job") -> list[str]:
    """The hosts that playbooks of a job copy files from, as they were named."""
    from remediate.playbook.loader import told

    hosts: list[str] = []
    for task in job.tasks:
        with told(task.playbook):
            origin = task.playbook.origin(task.params)
            hosts += [origin.host] if origin and origin.host else []
    return list(dict.fromkeys(hosts))


# --- of a recorded run -----------------------------------------------------------------------


def know_resources(records: "Iterable[tuple[Run, HostRecord]]", folders: Sequence[Path]) -> None:
    """Make sure that every kind of resource on record can be read: some come with a playbook.

    Args:
        records: hosts with the runs they are recorded in.
        folders: the user's own folders of playbooks.

    Raises:
        Stop: a kind is unknown, even with the playbooks of its run.
        PlaybookError: a folder or file cannot be used.
    """
    for run, record in records:
        for kind in _kinds(record):
            if _known(kind):
                continue
            there = catalogue(folders)
            for use in run.playbooks:
                if use.id in there.entries:
                    there.load(use.id)
            if not _known(kind):
                names = " ".join(use.id for use in run.playbooks)
                raise Stop(
                    f"run {run.id} ({names}) is about resources of kind {kind!r}, "
                    "which no playbook here knows",
                    "Install the package it came from, or name its folder with --playbooks. "
                    "Nothing was sent to any host.",
                )


def recorded_job(run: "Run", folders: Sequence[Path]) -> "Job":
    """The playbooks of a recorded run as they are known here, with the parameters they had.

    One that is not known here, or takes other parameters now, is left out: its guards cannot be
    asked, and what it wrote is not known, so its changes are refused.

    Args:
        run: the run.
        folders: the user's own folders of playbooks.

    Raises:
        PlaybookError: a folder or file cannot be used.
    """
    from pydantic import ValidationError

    from remediate.engine.job import Job, Task

    there = catalogue(folders)
    tasks = []
    for use in run.playbooks:
        if use.id in there.entries:
            playbook = there.load(use.id)
            with suppress(ValidationError):
                tasks.append(Task(playbook, playbook.params.model_validate(use.parameters)))
    return Job(tuple(tasks))


def _kinds(record: "HostRecord") -> list[str]:
    if record.intent is None:
        return []
    resources = [change.resource for change in record.intent.changes]
    resources += [observed.resource for observed in record.intent.snapshot]
    return list(dict.fromkeys(resource.kind for resource in resources))


def _known(kind: str) -> bool:
    from remediate.resources.base import resource_type

    try:
        resource_type(kind)
    except LookupError:
        return False
    return True
