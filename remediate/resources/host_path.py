"""Paths that only the host knows, as it installed something where it liked."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from remediate.model.base import Model
from remediate.model.content import file_path
from remediate.resources.registry_value import RegistryName

HOST_PATH_READER = Path(__file__).with_suffix(".read.ps1")
"""`Resolve-RemediatePath`, which completes one; it needs `RegistryValue.reader`, too."""


WholePath = Annotated[str, Field(pattern=r"^[A-Za-z]:\\.*[^\\]$")]
"""A path on a drive, without a backslash at its end."""


def _typed(text: str) -> str:
    parts = text.split("\\")[1:]
    plain = re.match(r"[A-Za-z]:\\", text) and not re.search(r'[/*?"<>|:\x00-\x1f]', text[2:])
    if not plain or any(not part or part[-1] in ". " for part in parts):
        msg = r"it has to be a folder on a drive, written in full, such as D:\Scratch"
        raise ValueError(msg)
    return text


TypedFolder = Annotated[str, AfterValidator(_typed)]
"""A folder on a drive, as a person has to write it: no drive itself, and no way round."""


class HostPath(Model):
    r"""A folder that a registry value names, and what follows.

    As a field of a query the host itself completes it, in the round in which it answers; the
    registry value, asked for in the same round, tells the playbook what it came to (`Seen.path`).

    Args:
        root: where the folder stands.
        tail: what follows (`bin\Modules`).
        otherwise: what to take where the value is absent, empty or no text.
    """

    root: RegistryName
    tail: Annotated[str, AfterValidator(file_path)] | None = None
    otherwise: "HostPath | WholePath | None" = None

    def on(self, text_of: Callable[[RegistryName], str | None]) -> str | None:
        """The whole path on a host, without a backslash at its end; None where there is none.

        Args:
            text_of: the text that a registry value of the host holds, if it holds one.
        """
        folder = (text_of(self.root) or "").rstrip("\\")
        if folder:
            return f"{folder}\\{self.tail}" if self.tail else folder
        if isinstance(self.otherwise, HostPath):
            return self.otherwise.on(text_of)
        return self.otherwise

    def __str__(self) -> str:
        return f"<{self.root}>\\{self.tail}" if self.tail else f"<{self.root}>"
