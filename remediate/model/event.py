"""What happens while hosts are worked through, for whoever wants to watch."""

from enum import StrEnum
from typing import Literal

from remediate.model.base import SCHEMA_VERSION, Model
from remediate.model.outcome import HostReport


class Phase(StrEnum):
    """What a host is in the middle of."""

    OBSERVE = "observe"
    CONFIRM = "confirm"
    STAGE = "stage"
    APPLY = "apply"
    ROLLBACK = "rollback"
    RECOVER = "recover"


class HostPhase(Model):
    """A host entered a phase."""

    schema_version: int = SCHEMA_VERSION
    type: Literal["host_phase"] = "host_phase"
    host: str
    phase: Phase


class HostFinished(Model):
    """A host got its verdict."""

    schema_version: int = SCHEMA_VERSION
    type: Literal["host_finished"] = "host_finished"
    report: HostReport


Event = HostPhase | HostFinished
