"""A script as PSRP carries it: packed, beside some lines that unpack it and can be read.

It is a parameter, and no text in a script: what is run is in the open for those who watch a host.
PowerShell shows a script block to the virus scanner, and logs it, when it is about to run.
https://learn.microsoft.com/windows/win32/amsi/how-amsi-helps
"""

import gzip
from functools import cache, lru_cache
from typing import Final

from remediate.powershell.condensed import condensed
from remediate.powershell.script import FOLDER

PLAIN: Final = "#remediate-plain"
"""What the lines say where they may not unpack: the script is to come as it is."""

_KEPT: Final = 16
"""Scripts of one run, which all hosts are sent."""


@cache
def unpacker() -> str:
    """The lines that unpack a script and run it."""
    text = (FOLDER / "unpack.ps1").read_text(encoding="utf-8")
    return "\n".join(line for _, line in condensed(text))


@lru_cache(_KEPT)
def packed(script: str) -> bytes:
    """A script, as the parameter `Packed` of these lines."""
    return gzip.compress(script.encode(), mtime=0)
