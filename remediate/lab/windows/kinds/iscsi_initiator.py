"""Devices of the stand-in Windows: only those of the iSCSI initiator."""

from pathlib import Path

from remediate.lab.state import Record


def to_windows(records: list[Record], drive: Path) -> Record:  # noqa: ARG001 - no files
    """The devices."""
    return {"devices": records}


def from_windows(windows: Record, drive: Path) -> list[Record]:  # noqa: ARG001 - no files
    """The devices."""
    return [dict(device) for device in windows["devices"]]
