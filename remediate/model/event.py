"""What happens while hosts are worked through, for whoever wants to watch."""

from enum import StrEnum
from typing import Literal

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.outcome import HostReport
from remediate.model.settling import Progress


class Phase(StrEnum):
    """What a host is in the middle of."""

    OBSERVE = "observe"
    CONFIRM = "confirm"
    STAGE = "stage"
    APPLY = "apply"
    ROLLBACK = "rollback"
    RECOVER = "recover"

    @property
    def writes(self) -> bool:
        """Whether something may have been written to the host once it was entered."""
        return self not in {Phase.OBSERVE, Phase.CONFIRM}


class HostPhase(Model):
    """A host entered a phase."""

    schema_version: int = SCHEMA_VERSION
    type: Literal["host_phase"] = "host_phase"
    host: str
    phase: Phase


class HostProgress(Model):
    """A change that needs time is under way on a host.

    Args:
        host: name of the host.
        phase: what it is for.
        done: how much of it.
        total: of how much; 0 when that is not known.
        unit: of what (`files`); may be empty.
    """

    schema_version: int = SCHEMA_VERSION
    type: Literal["host_progress"] = "host_progress"
    host: str
    phase: Phase
    done: int
    total: int
    unit: str = ""

    @property
    def far(self) -> str:
        """How far it is, in words."""
        return str(Progress(done=self.done, total=self.total, unit=self.unit))


class HostFinished(Model):
    """A host got its verdict."""

    schema_version: int = SCHEMA_VERSION
    type: Literal["host_finished"] = "host_finished"
    report: HostReport


Event = HostPhase | HostProgress | HostFinished
