"""Resources that are made of files, and where the files for them come from."""

from pathlib import Path

from remediate.model.base import Model
from remediate.model.content import Manifest

CONTENT_SCRIPT = Path(__file__).parents[1] / "powershell" / "content.ps1"
"""The functions that read, stage and compare folders on a host."""


class Folder(Model):
    """A folder and what is, or has to be, in it.

    Args:
        path: where, on the host or on the controller.
        manifest: its files.
    """

    path: str
    manifest: Manifest
