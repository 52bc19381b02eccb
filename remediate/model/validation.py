"""What is wrong with files, as `validate` tells it."""

from enum import StrEnum

from remediate.model.base import SCHEMA_VERSION, Model


class FileKind(StrEnum):
    """What a file is for."""

    INVENTORY = "inventory"
    WAIVERS = "waivers"
    SETTINGS = "settings"
    PLAYBOOKS = "playbooks"
    PLAN = "plan"


class Mistake(Model):
    """Something that other commands would refuse.

    Args:
        file: where; of a folder the file in it.
        line: from 1; None where it is about no line.
        column: from 1; None where nobody knows.
        text: what it is, and what to do about it.
    """

    file: str
    line: int | None = None
    column: int | None = None
    text: str


class CheckedFile(Model):
    """A file or folder that was looked through.

    Args:
        file: as it was named.
        kind: what it is for.
        mistakes: all of them, in the order in which they stand there.
        notes: what one should know besides, in sentences.
        holds: what it has, in words (`2 hosts, 1 group`); empty where it cannot be used.
    """

    file: str
    kind: FileKind
    mistakes: tuple[Mistake, ...] = ()
    notes: tuple[str, ...] = ()
    holds: str = ""


class Validation(Model):
    """The whole result of `validate` (`--format json`)."""

    schema_version: int = SCHEMA_VERSION
    files: tuple[CheckedFile, ...] = ()
    exit_code: int
