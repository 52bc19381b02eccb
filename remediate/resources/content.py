"""Resources that are made of files, and where the files for them come from."""

from remediate.model.base import Model
from remediate.model.content import Manifest
from remediate.powershell.script import FILE_WRITER, FOLDER

FOLDER_READER = FOLDER / "folder.read.ps1"
"""What is in a folder on a host, and which folders of ours stand beside it."""

FOLDER_WRITER = FOLDER / "folder.write.ps1"
"""Whether a folder is what is wanted, and its new name; needs the reader."""

CONTENT_READER = (FOLDER / "content.read.ps1",)
"""Sends pieces of files, from a host that is copied from."""

_FILLS = FOLDER / "content.write.ps1"
CONTENT_WRITER = (FOLDER_READER, FILE_WRITER, FOLDER_WRITER, *CONTENT_READER, _FILLS)
"""Fills a folder on a host."""


class Folder(Model):
    """A folder and what is, or has to be, in it.

    Args:
        path: where, on the host or on the controller.
        manifest: its files.
    """

    path: str
    manifest: Manifest
