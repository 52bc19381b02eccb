"""What a run found on a host and intends to do there."""

from pydantic import Field

from remediate.model.base import SCHEMA_VERSION, JsonValue, Model
from remediate.model.change import Change, ResourceId
from remediate.model.computer import Computer
from remediate.model.finding import Advice
from remediate.model.problem import Problem
from remediate.model.waiver import Waived


class Refusal(Model):
    """Why a plan must not be applied as things stand.

    Args:
        playbook: id of the playbook whose part it is about.
        text: the reason, and what would lift it.
        code: what kind of reason it is (`guarded`).
        hint: what to do next, where the reason does not say it.
    """

    playbook: str
    text: str
    code: str = "guarded"
    hint: str = ""


class Conflict(Model):
    """A property that rollback leaves alone, because somebody else changed it since.

    Args:
        change: what the run to be undone had done.
        current: the value found now; None is absence.
        current_label: that value in words, when it says little by itself.
        missing: the resource itself is gone.
        reason: why it is left alone, when it is not that somebody changed it.
        lost: the run was not to change it, and nothing that it wrote puts it back.
    """

    change: Change
    current: JsonValue = None
    current_label: str | None = None
    missing: bool = False
    reason: str = ""
    lost: bool = False


class Unanswered(Model):
    r"""A question whose answer did not come.

    Args:
        question: what was asked, in words (`tasks: folder \Microsoft\OnlineBackup`).
        playbooks: ids of the playbooks that are not judged, because they need it.
        problem: why it did not come.
        named: one of these playbooks was asked for by name.
    """

    question: str
    playbooks: tuple[str, ...] = ()
    problem: Problem
    named: bool = False


class PlaybookUse(Model):
    """A playbook with the parameters it was run with (no secrets).

    Args:
        id: of the playbook.
        parameters: all of them, by name.
        origins: where the inventory says those that come from there (`group dmz`), by name.
        given: numbers as a person has written them (`10GB`), by name.
    """

    id: str
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    origins: dict[str, str] = Field(default_factory=dict)
    given: dict[str, str] = Field(default_factory=dict)

    def asks_as(self, other: "PlaybookUse") -> bool:
        """Whether it means the same as another, whoever said it, and in whatever words."""
        return (self.id, self.parameters) == (other.id, other.parameters)


class HostFacts(Model):
    """What a host says of itself in every reply.

    Args:
        computer: which computer it is.
        powershell: version of the engine that answered (`5.1.17763.1`).
        os: version of the operating system as PowerShell knows it (`10.0.17763`); Server 2012 R2
            with PowerShell 5.1 says 10.0.14409.
        culture: name of the session's language (`ko-KR`), which Windows may take from the client
            that asks and not from itself: nothing may rest on it.
        utc: its clock at the time of the reply, ISO 8601.
        logon: which way the logon went, where its method leaves that open (`Kerberos`, or `NTLM`
            and why); that is not the host's word, but seen from here.
    """

    computer: Computer
    powershell: str
    os: str
    culture: str
    utc: str
    logon: str = ""


class Observed(Model):
    """A resource as it was read: identity and every property, in the form a host sent it."""

    resource: ResourceId
    properties: dict[str, JsonValue]


class Plan(Model):
    """The changes for one host, with what was assumed and what cannot be undone.

    Args:
        host: name of the host.
        playbooks: what was asked for.
        changes: what differs, in the order it would be written.
        advice: what needs a person.
        refusals: reasons not to apply it now.
        left_out: why the parts of some playbooks are not in it, where the rest is applied alone.
        conflicts: what a rollback leaves alone.
        removed: what a rollback can no longer undo, and why: what it needs was removed for good.
        unanswered: the questions whose answers did not come.
        not_applicable: why a playbook has nothing to say of this host, by playbook id.
        assumptions: what a dry run cannot know.
        irreversible: what rollback will not bring back.
        waived: findings that are left as they are; they are none of its changes and advice.
        lapsed: those of its findings whose waiver has expired.
        facts: what the host said of itself.
    """

    schema_version: int = SCHEMA_VERSION
    host: str
    playbooks: tuple[PlaybookUse, ...]
    changes: tuple[Change, ...] = ()
    advice: tuple[Advice, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: tuple[Refusal, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    removed: tuple[str, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    not_applicable: dict[str, str] = Field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    irreversible: tuple[str, ...] = ()
    waived: tuple[Waived, ...] = ()
    lapsed: tuple[Waived, ...] = ()
    facts: HostFacts | None = None

    @property
    def findings(self) -> tuple[Change | Advice, ...]:
        """All that was found and is not waived, changes first."""
        return (*self.changes, *self.advice)
