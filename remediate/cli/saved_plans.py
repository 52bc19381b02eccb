"""Saved plans: written by `plan`, shown by `plan show`, applied by `apply --plan`."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remediate.cli.stop import NOTHING_SENT, Stop
from remediate.model.exit_code import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from remediate.engine.job import Job, Task
    from remediate.engine.saved import Saved
    from remediate.model.plan import PlaybookUse
    from remediate.model.saved_plan import PlannedHost, SavedPlan
    from remediate.model.waiver import Waivers
    from remediate.playbook.catalogue import Catalogue

VALID = "24h"
"""How long a plan is good for, when nobody says another time."""

_AGAIN = f"Make a new plan. {NOTHING_SENT}"
_VALID = re.compile(r"([1-9][0-9]{0,4})(m|h|d)", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_CLOCKS_APART = timedelta(minutes=5)  # as Kerberos takes them


def parse_valid(text: str) -> timedelta:
    """How long a plan is good for (`24h`).

    Raises:
        ValueError: it is no time, or too long.
    """
    from remediate.model.saved_plan import LONGEST

    found = _VALID.fullmatch(text)
    if found is None:
        msg = "write a number of minutes, hours or days, such as 90m, 24h or 7d"
        raise ValueError(msg)
    length = int(found[1]) * _UNITS[found[2]]
    if length > LONGEST:
        msg = f"a plan is good for {LONGEST.days} days at most"
        raise ValueError(msg)
    return length


def parse_digest(text: str) -> str:
    """The digest of a plan, as `plan` has printed it.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch("sha256:[0-9a-f]{64}", text):
        msg = "write sha256: and 64 digits and letters, as remediate plan prints it"
        raise ValueError(msg)
    return text


# --- making one -----------------------------------------------------------------------------------


def made(
    job: "Job",
    known: "Catalogue",
    hosts: "Iterable[PlannedHost]",
    by: str,
    time: "tuple[datetime, datetime]",
    waivers: "Waivers",
) -> "SavedPlan":
    """A plan to be saved.

    Args:
        job: what hosts were asked.
        known: the playbooks.
        hosts: what was found on each, with all parameters.
        by: who makes it.
        time: when it is made, and from when on it does not count any more.
        waivers: what is left as it is.
    """
    from remediate import __version__
    from remediate.model.saved_plan import PlannedPlaybook, SavedPlan

    tasks = [task for one in (job, *job.own.values()) for task in one.tasks]
    codes = _codes(tasks, known)
    secrets = _given_secrets(tasks)
    created, expires = time
    return SavedPlan(
        tool=__version__,
        operator=by,
        created=created,
        expires=expires,
        playbooks=tuple(
            PlannedPlaybook(id=name, code=code, secrets=tuple(sorted(secrets[name])))
            for name, code in codes.items()
        ),
        hosts=tuple(_without_secrets(one, secrets) for one in hosts),
        waivers=waivers.in_force,
    ).sealed()


def _codes(tasks: "Sequence[Task]", known: "Catalogue") -> dict[str, str]:
    """What each playbook does is known by, with the kinds of resources that it asks for.

    Of one whose author's mistake is that it asks for nothing that can be asked it is the text.
    """
    from remediate.engine.judging import PlaybookFailedError, asked

    kinds: dict[str, set[Any]] = {task.playbook.id: set() for task in tasks}
    for task in tasks:
        with suppress(PlaybookFailedError):
            kinds[task.playbook.id].update(one.resource for one in asked(task, named=True))
    return {name: known.entry(name).code(found) for name, found in kinds.items()}


def _given_secrets(tasks: "Iterable[Task]") -> dict[str, set[str]]:
    """The parameters that are secret and have a value, by the id of their playbook."""
    from remediate.cli.parameters import parameters

    by_playbook: dict[str, list[Task]] = {}
    for task in tasks:
        by_playbook.setdefault(task.playbook.id, []).append(task)
    return {
        name: {
            one.name
            for one in parameters([same[0].playbook])
            if one.secret
            and any(getattr(task.params, one.name) not in (None, (), []) for task in same)
        }
        for name, same in by_playbook.items()
    }


def _without_secrets(one: "PlannedHost", secrets: Mapping[str, Collection[str]]) -> "PlannedHost":
    plan = one.report.plan
    if plan is None:
        return one
    uses = tuple(
        use.model_copy(
            update={
                "parameters": {
                    name: value
                    for name, value in use.parameters.items()
                    if name not in secrets[use.id]
                }
            }
        )
        for use in plan.playbooks
    )
    report = one.report.model_copy(update={"plan": plan.model_copy(update={"playbooks": uses})})
    return one.model_copy(update={"report": report})


# --- reading one ----------------------------------------------------------------------------------


def read(path: str, *, vouched: bool = False) -> "SavedPlan":
    """The plan in a file.

    Args:
        path: the file.
        vouched: its digest is said elsewhere, so whoever may write to it changes nothing unseen.

    Raises:
        Stop: it cannot be read, or is no plan that can be relied on.
    """
    from remediate.files import FileRefused, read_content
    from remediate.model.saved_plan import MAX_SIZE, SavedPlanRefused, read_plan

    try:
        content = read_content(Path(path).expanduser(), MAX_SIZE)
    except FileRefused as error:
        raise _refused(path, error.why, error.hint or _AGAIN) from None
    except OSError as error:
        raise Stop(f"the plan {path} cannot be read: {error.strerror}", NOTHING_SENT) from None
    if content.written_by and not vouched:
        hint = "Give the digest that remediate plan has printed with --digest, or take that right"
        raise _refused(path, content.written_by, f"{hint} away. {NOTHING_SENT}")
    try:
        return read_plan(content.data)
    except SavedPlanRefused as error:
        raise _refused(path, error.message, f"{error.hint} {NOTHING_SENT}") from None


def require_plain(plan: "SavedPlan", path: str) -> None:
    """Make sure that a plan calls what it changes by the names that it has.

    Kinds of resources that come with somebody's playbooks are not known here: of these the words
    are those of the plan.

    Raises:
        Stop: it does not.
    """
    from remediate.engine.saved import in_other_words

    for one in plan.hosts:
        if other := in_other_words(one.report, one.seen):
            why = f"it says two things of {other} on {one.host.name}"
            raise _refused(path, why, _AGAIN)


def require_in_force(plan: "SavedPlan", path: str, digest: str | None, now: "datetime") -> None:
    """Make sure that a plan is the one that is meant, and still counts.

    Raises:
        Stop: it is another one, has expired, was made later than now, or by another version of
            this program.
    """
    from remediate import __version__
    from remediate.report.words import moment

    if digest is not None and digest != plan.digest:
        raise _refused(path, f"it is another plan: its digest is {plan.digest}", _AGAIN)
    if now >= plan.expires:
        raise _refused(path, f"it was good until {moment(plan.expires)}", _AGAIN)
    if plan.created > now + _CLOCKS_APART:
        raise _refused(
            path,
            f"it was made at {moment(plan.created)}, and here that is still to come",
            "Set the clock of this machine, or of the one that has made the plan, and make a new "
            f"plan. {NOTHING_SENT}",
        )
    if plan.tool != __version__:
        raise _refused(
            path,
            f"version {plan.tool:.40} of remediate has made it, and this is {__version__}",
            f"Make the plan and apply it with the same version. {NOTHING_SENT}",
        )


def job_of(
    ctx: click.Context, plan: "SavedPlan", hosts: "Sequence[PlannedHost]", path: str
) -> "Job":
    """What a plan asks of hosts; parameters that are secret are given on this command line.

    Args:
        ctx: what click has read.
        plan: the plan.
        hosts: those of its hosts that are chosen.
        path: where it is, for a message.

    Raises:
        Stop: a playbook is not the one that was planned, or lacks a secret that it had; or a
            parameter is given that the plan says.
        SecretError: a secret parameter cannot be had.
    """
    from dataclasses import replace

    from remediate.engine.job import Job

    secrets = dict(_secrets(ctx, plan))
    known: Catalogue = ctx.meta["catalogue"]
    own = {}
    for one in hosts:
        uses = one.report.plan.playbooks if one.report.plan else ()
        own[one.host.name] = Job.of([_task(use, known, secrets, path) for use in uses])
    tasks = [task for one in own.values() for task in one.tasks]
    codes = _codes(tasks, known)
    for playbook in plan.playbooks:
        if codes.get(playbook.id, playbook.code) != playbook.code:
            raise _refused(path, f"the playbook {playbook.id} has another code now", _AGAIN)
    whole = Job.of({task.playbook.id: task for task in tasks}.values())
    return replace(whole, own=own)


def _task(
    use: "PlaybookUse",
    known: "Catalogue",
    secrets: Mapping[str, Mapping[str, Any]],
    path: str,
) -> "Task":
    from pydantic import ValidationError

    from remediate.engine.job import Task

    playbook = known.load(use.id)
    try:
        params = playbook.params.model_validate({**use.parameters, **secrets.get(use.id, {})})
    except ValidationError:
        why = f"{use.id} does not take the parameters that the plan has for it"
        raise _refused(path, why, _AGAIN) from None
    return Task(playbook, params, use.origins, use.given)


def _secrets(ctx: click.Context, plan: "SavedPlan") -> "Iterator[tuple[str, dict[str, Any]]]":
    """The secret parameters of each playbook that the plan had; they are known as such now."""
    from remediate.cli.parameters import Parameter, secrets_in

    known: list[Parameter] = ctx.meta["parameters"]
    given = {one.key: one for one in known if ctx.params.get(one.key) not in (None, ())}
    for playbook in plan.playbooks:
        found = {}
        for one in known:
            if one.playbook != playbook.id or one.name not in playbook.secrets:
                continue
            if given.pop(one.key, None) is None:
                raise Stop(
                    f"the plan was made with {one.plain}, a secret, which is not in it",
                    f"Give it again: {one.plain} WHERE. {NOTHING_SENT}",
                )
            found[one.name] = one.meant(ctx.params[one.key])
        for secret in secrets_in(found.values()):
            ctx.obj.redaction.add(secret.get_secret_value())
        yield playbook.id, found
    if given:
        first = next(iter(given.values()))
        raise Stop(
            f"{first.plain} is said by the plan, or was not given then",
            f"Leave it out, or make a new plan. {NOTHING_SENT}",
        )


def saved(one: "PlannedHost", path: str) -> "Saved":
    """What a plan says of a host.

    Raises:
        Stop: that makes no sense.
    """
    from remediate.engine.saved import Saved

    try:
        return Saved.of(one)
    except (LookupError, ValueError):
        why = f"what it says of {one.host.name} makes no sense"
        raise _refused(path, why, _AGAIN) from None


def require_known(plan: "SavedPlan", known: "Catalogue", path: str) -> list[str]:
    """The playbooks of a plan, all of which have to be here.

    Raises:
        Stop: one is not.
    """
    for playbook in plan.playbooks:
        if playbook.id not in known.entries:
            hint = f"Name the folder that it is in with --playbooks. {NOTHING_SENT}"
            why = f"it is about the playbook {playbook.id:.100}, and there is none here"
            raise _refused(path, why, hint)
    return [playbook.id for playbook in plan.playbooks]


def _refused(path: str, why: str, hint: str) -> Stop:
    return Stop(f"the plan {path} is refused: {why}", hint, ExitCode.REFUSED)
