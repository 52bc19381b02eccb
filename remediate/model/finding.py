"""Findings: advice, how each is recorded and known again, and how two audits differ by these."""

from collections.abc import Collection
from dataclasses import dataclass, field

from pydantic import Field

from remediate.model.base import Model
from remediate.model.change import Change, ResourceId, Severity
from remediate.model.evidence import Evidence

Identity = tuple[str, str, ResourceId | None]
"""By what a finding is known again: playbook, rule, and resource whatever the case of its name."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that a person has to do; never a change.

    Playbook, rule and resource are its identity: they stay the same when its texts are reworded.

    Args:
        title: what was seen, in a few words.
        text: what to do about it.
        severity: how much it matters.
        playbook: id of the playbook that gives it; filled in by the planning.
        rule: the playbook's name for what is wrong (`no-task`); empty only in a record of an
            earlier version.
        resource: what it is about; None when that is the host, or something that is not there.
        evidence: what it rests on.

    Raises:
        TypeError: title or text is no text.
    """

    title: str
    text: str
    severity: Severity = Severity.WARNING
    playbook: str = ""
    rule: str = field(default="", kw_only=True)
    resource: ResourceId | None = field(default=None, kw_only=True)
    evidence: tuple[Evidence, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        texts: tuple[object, ...] = (self.title, self.text)
        if not all(isinstance(one, str) for one in texts):
            msg = f"title and text of Advice are texts, not {texts[0]!r:.40} and {texts[1]!r:.40}"
            raise TypeError(msg)


class RecordedFinding(Model):
    r"""A finding as it is recorded and compared: what it is known by, and what it is called.

    Args:
        playbook: id of the playbook that says it.
        rule: the playbook's name for what is wrong (`multiple-instances`).
        resource: what it is about; None when that is the host, or something that is not there.
        title: a change's resource in words (`task \Microsoft\OnlineBackup\Backup`), or what the
            advice says was seen.
        severity: how much it matters.
        advice: a person has to do something; else it is a change that the playbook makes.
        reversible: a rollback can put back what the change takes away; true of advice.
    """

    playbook: str
    rule: str
    resource: ResourceId | None = None
    title: str
    severity: Severity = Severity.WARNING
    advice: bool = False
    reversible: bool = True

    @property
    def identity(self) -> Identity:
        """By what it is known again."""
        return self.playbook, self.rule, self.resource.folded if self.resource else None

    @classmethod
    def of(cls, finding: Change | Advice) -> "RecordedFinding":
        """A finding of a plan, as it is recorded.

        Args:
            finding: a change or advice.
        """
        change = finding if isinstance(finding, Change) else None
        return cls(
            playbook=finding.playbook,
            rule=finding.rule,
            resource=finding.resource,
            title=finding.title,
            severity=finding.severity,
            advice=change is None,
            reversible=change is None or change.reversible,
        )


class Since(Model):
    """How what is found on a host differs from what an earlier audit found there.

    Args:
        run: id of that audit.
        new: what it did not find.
        graver: what it found, too, and matters more now.
        gone: what it found, and is not found any more.
        unchanged: what it found, too, and matters no more now.
        untold: why nothing of this can be said of a playbook, by playbook id: one of the two
            audits did not ask for it there, or was not answered; or it does not apply any more.
    """

    run: str
    new: tuple[RecordedFinding, ...] = ()
    graver: tuple[RecordedFinding, ...] = ()
    gone: tuple[RecordedFinding, ...] = ()
    unchanged: tuple[RecordedFinding, ...] = ()
    untold: dict[str, str] = Field(default_factory=dict)

    def only(self, severities: Collection[Severity]) -> "Since":
        """The same about what matters so much.

        Args:
            severities: those that count.
        """
        names = ("new", "graver", "gone", "unchanged")
        found = {
            name: tuple(one for one in getattr(self, name) if one.severity in severities)
            for name in names
        }
        return self.model_copy(update=found)
