"""What a playbook's author needs: everything that a playbook file imports comes from here.

Each name is imported when it is asked for, so that the catalogue beside it stays quick to load.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import Field

    from remediate.model.change import MACHINE, PROCESS, Severity
    from remediate.model.evidence import Evidence
    from remediate.model.finding import Advice
    from remediate.model.settling import Progress, Settling
    from remediate.playbook.base import Finding, OriginParams, Playbook, PlaybookParams, Seen

__all__ = [
    "MACHINE",
    "PROCESS",
    "Advice",
    "Evidence",
    "Field",
    "Finding",
    "OriginParams",
    "Playbook",
    "PlaybookParams",
    "Progress",
    "Seen",
    "Settling",
    "Severity",
]

_HOMES = {
    "MACHINE": "remediate.model.change",
    "PROCESS": "remediate.model.change",
    "Advice": "remediate.model.finding",
    "Evidence": "remediate.model.evidence",
    "Field": "pydantic",
    "Progress": "remediate.model.settling",
    "Settling": "remediate.model.settling",
    "Severity": "remediate.model.change",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as many types as names
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, f"{__name__}.base")), name)
