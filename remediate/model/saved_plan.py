"""A plan in a file: what was found on some hosts, to be applied later, exactly so or not at all."""

from datetime import timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from remediate.errors import RemediateError
from remediate.model.base import SCHEMA_VERSION, Model, perhaps_newer
from remediate.model.canonical import canonical, digest, read_canonical
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.plan import Observed
from remediate.model.text import in_quotes
from remediate.model.waiver import Waiver

MAX_SIZE = 64 * 1024 * 1024
"""Bytes of a file that is read; 5,000 hosts of each of which five tasks are changed have 62 MB."""

LONGEST = timedelta(days=31)
"""How long a plan is good for at most."""

_AGAIN = "Make a new plan."
_NEWER = "Perhaps a newer version of remediate has made it: use that one, or make a new plan."
_SIGN = "digest"


class SavedPlanRefused(RemediateError):  # noqa: N818 - what is told is a decision, not a failure
    """A file is no plan that can be relied on.

    Args:
        message: why, without the file's name.
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str = _AGAIN) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


class PlannedPlaybook(Model):
    """A playbook of a saved plan. Its parameters are said for each host.

    Args:
        id: of the playbook.
        code: digest of its text and of the scripts that its kinds of resources have.
        secrets: names of its parameters that are secret and were given: they are not in the plan,
            and have to be given again.
    """

    id: str
    code: str
    secrets: tuple[str, ...] = ()


class PlannedHost(Model):
    """A host of a saved plan.

    Args:
        host: the host, with all that is needed to reach it again but the secret.
        report: what was found and intended there.
        seen: what the playbooks that want changes have looked at, as far as it may be given away;
            all that must still be so when they are made.
    """

    host: Host
    report: HostReport
    seen: tuple[Observed, ...] = ()

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to apply."""
        return self.report.plan is not None and bool(self.report.plan.changes)


class SavedPlan(Model):
    """All that is in the file.

    Args:
        type: what it is.
        tool: version of the program that has made it; no other applies it.
        operator: who has made it (`ada@bastion`).
        created: when.
        expires: from when on it is not applied any more.
        playbooks: what was asked for.
        hosts: all that were chosen, in their order.
        waivers: what was left as it is, and is when the plan is applied.
        digest: of all else in it, in the form of RFC 8785.
    """

    schema_version: int = SCHEMA_VERSION
    type: Literal["plan"] = "plan"
    tool: str
    operator: str
    created: AwareDatetime
    expires: AwareDatetime
    playbooks: tuple[PlannedPlaybook, ...]
    hosts: tuple[PlannedHost, ...]
    waivers: tuple[Waiver, ...] = ()
    digest: str = Field("", pattern="^(sha256:[0-9a-f]{64})?$")

    def sealed(self) -> "SavedPlan":
        """The same with its digest."""
        return self.model_copy(update={_SIGN: _digest(self.model_dump(mode="json"))})


def written(plan: SavedPlan) -> bytes:
    """A sealed plan as a file has it: a line of canonical JSON.

    Raises:
        SavedPlanRefused: it is larger than what is read.
    """
    text = canonical(plan.model_dump(mode="json")) + b"\n"
    if len(text) > MAX_SIZE:
        raise SavedPlanRefused(
            f"it would have {len(text):,} bytes, and no more than {MAX_SIZE:,} are read",
            "Plan fewer hosts at once, with --group or --limit.",
        )
    return text


def read_plan(text: bytes) -> SavedPlan:
    """The plan in a file.

    Args:
        text: all that the file holds.

    Raises:
        SavedPlanRefused: it is none, of another version, not as it was written, or good for
            longer than any is.
    """
    try:
        data = read_canonical(text[:-1])
    except ValueError:
        data = None
    if data is None or text[-1:] != b"\n":
        raise SavedPlanRefused(
            "it is no saved plan, or was changed since it was written",
            f"A plan counts as it was written, to the byte. {_AGAIN}",
        )
    if not isinstance(data, dict) or data.get("type") != "plan":
        raise SavedPlanRefused("it is no saved plan", "remediate plan makes one.")
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        raise SavedPlanRefused(
            f"it is a plan of format {version!r:.20}, and this version reads {SCHEMA_VERSION}",
            "Make the plan and apply it with the same version of remediate.",
        )
    if data.get(_SIGN) != _digest(data):
        raise SavedPlanRefused("it was changed since it was written: its digest is another one")
    try:
        plan = SavedPlan.model_validate(data)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False)[0]["loc"])
        hint = _NEWER if perhaps_newer(error) else _AGAIN
        raise SavedPlanRefused(f"it makes no sense at {in_quotes(where)}", hint) from None
    names = [one.host.name for one in plan.hosts]
    if len(set(names)) < len(names) or any(one.report.host != one.host.name for one in plan.hosts):
        raise SavedPlanRefused("it names a host twice, or reports of another one")
    if plan.expires - plan.created > LONGEST:
        msg = f"it is good for more than {LONGEST.days} days, and no plan is"
        raise SavedPlanRefused(msg)
    return plan


def _digest(data: dict[str, Any]) -> str:
    return digest({name: value for name, value in data.items() if name != _SIGN})
