"""Finds a PowerShell engine on this machine, for the lab."""

import os
import shutil
from pathlib import Path

_SHARED = Path(__file__).resolve().parents[4] / "shared" / "psengine" / "linux-x64" / "pwsh"

HOW_TO_GET_ONE = (
    "install PowerShell 7 (https://aka.ms/powershell) so that pwsh is on PATH, "
    "or set REMEDIATE_PWSH to the path of a pwsh program"
)
"""What to tell somebody who has none."""


def find_pwsh() -> Path | None:
    """The engine that REMEDIATE_PWSH names, else `pwsh` on PATH, else the one beside the source.

    A REMEDIATE_PWSH that names no program finds nothing: whoever set it wants no other.
    """
    named = os.environ.get("REMEDIATE_PWSH")
    if named:
        found = shutil.which(named)
        return Path(found).resolve() if found else None
    on_path = shutil.which("pwsh")
    if on_path:
        return Path(on_path)
    return _SHARED if os.access(_SHARED, os.X_OK) else None
