"""One property of one resource, before and after."""

from enum import StrEnum

from remediate.model.base import JsonValue, Model
from remediate.model.evidence import Evidence
from remediate.model.settling import Settling


class Severity(StrEnum):
    """How much a finding matters."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


def at_least(least: Severity) -> list[Severity]:
    """What matters at least so much."""
    order = list(Severity)
    return order[order.index(least) :]


class RestartOf(StrEnum):
    """What a new value needs before it is in force, in the words of DSC."""

    MACHINE = "machine"
    SERVICE = "service"
    PROCESS = "process"


class ResourceId(Model):
    """Names one resource on a host: its kind and the values that identify it there."""

    kind: str
    key: dict[str, str]

    def __hash__(self) -> int:
        return hash((self.kind, tuple(sorted(self.key.items()))))

    @property
    def folded(self) -> "ResourceId":
        """The same for whoever ignores case in names, as Windows does."""
        return ResourceId(
            kind=self.kind, key={name: value.casefold() for name, value in self.key.items()}
        )

    def __str__(self) -> str:
        return f"{self.kind} {' '.join(self.key.values())}"


class Restart(Model):
    """A restart before which a new value is not in force.

    Args:
        of: what is restarted: the server, a service, or any process that reads the value.
        resource: the service; None of a server or a process.
    """

    of: RestartOf
    resource: ResourceId | None = None


MACHINE = Restart(of=RestartOf.MACHINE)
"""A value is in force once the server is restarted, which is left to a person."""

PROCESS = Restart(of=RestartOf.PROCESS)
"""A value is in force in each process that is started from then on."""


class Change(Model):
    r"""A property that has to change, with the value it was seen to have.

    Playbook, rule and resource are its identity: they stay the same when its texts are reworded.

    Args:
        playbook: id of the playbook that wants it.
        rule: the playbook's name for what is wrong (`multiple-instances`); empty in a record of
            an earlier version.
        resource: what it is a property of.
        title: the resource in words (`task \Microsoft\OnlineBackup\Backup`).
        property: name of the property.
        before: the value that was observed; None is absence.
        after: the value that it is to have; None is absence.
        before_label: the value before in words (`StopExisting`), when a number says little.
        after_label: the same of the value after.
        severity: how much the wrong value matters.
        why: what the wrong value does, in a sentence; empty when the playbook's title says it.
        evidence: what it rests on, beside the value before.
        renews: any new value will do, such as another process after a restart; `after` is None.
        reversible: whether rollback can put the value before back.
        restarts: what has to be restarted before the value after is in force, or the value before
            is again.
        secrets: names of the secrets that are written with it, which are recorded nowhere.
        settling: how it comes about when it needs time after its write; None when it does not.
    """

    playbook: str
    resource: ResourceId
    title: str
    property: str
    before: JsonValue
    after: JsonValue
    before_label: str | None = None
    after_label: str | None = None
    severity: Severity = Severity.WARNING
    why: str = ""
    evidence: tuple[Evidence, ...] = ()
    rule: str = ""
    renews: bool = False
    reversible: bool = True
    restarts: tuple[Restart, ...] = ()
    secrets: tuple[str, ...] = ()
    settling: Settling | None = None

    def reversed(self) -> "Change":
        """The change that takes this one back."""
        swapped = {
            "before": self.after,
            "after": self.before,
            "before_label": self.after_label,
            "after_label": self.before_label,
            "why": "",
        }
        return self.model_copy(update=swapped)
