"""PowerShell as a program: what it is started with, what it is given, what it puts out.

A command line is too short for a script (cmd.exe takes 8,191 characters). So it carries a loader,
and the request, its secrets and the script come by the standard input, all in printable ASCII, so
that no code page matters. Output is a line for each string that the script puts out.
https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_powershell_exe
"""

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from html import unescape
from types import MappingProxyType
from typing import Final

from remediate.errors import RemediateError
from remediate.powershell.condensed import condensed
from remediate.powershell.messages import Request
from remediate.powershell.script import FOLDER

WHOLE: Final = "#remediate-whole"
"""The last line of what the loader is given; without it nothing is run."""

FAILED: Final = "#remediate-failed "
"""How the loader's line about a script that failed begins."""

CUT_OFF: Final = "RemediateCutOff"
"""Its error id where the input was cut off, and nothing was run."""

MODULES: Final = "RemediateModules"
"""The variable whose value the loader, where there is one, takes for PSModulePath."""

_DOCUMENT: Final = re.compile(r"#< CLIXML\s*|<Objs[ >].*?</Objs>", re.DOTALL)
_ERROR: Final = re.compile(r'<S S="Error">(.*?)</S>', re.DOTALL)
_CODE: Final = re.compile("_x([0-9A-Fa-f]{4})_")


class ScriptFailedError(RemediateError):
    """A script ended with an error, as the loader tells it.

    Args:
        said: the loader's JSON.
    """

    def __init__(self, said: str) -> None:
        super().__init__(said)
        try:
            told = json.loads(said)
            self.exception = str(told["exception"])
            self.message = str(told["message"])
            self.error_id = str(told["error_id"])
            self.line = int(told["line"])
        except (ValueError, LookupError, TypeError):
            self.exception, self.message, self.error_id, self.line = "", said, "", 0

    @property
    def cut_off(self) -> bool:
        """Whether nothing was run, because the script did not arrive whole."""
        return self.error_id.partition(",")[0] == CUT_OFF


@cache
def loader() -> str:
    """The loader's text."""
    text = (FOLDER / "loader.ps1").read_text(encoding="utf-8")
    return "\n".join(line for _, line in condensed(text))


@cache
def arguments() -> tuple[str, ...]:
    """What PowerShell is started with."""
    encoded = base64.b64encode(loader().encode("utf-16-le")).decode()
    return ("-NoProfile", "-NonInteractive", "-EncodedCommand", encoded)


def standard_input(
    script: str, request: Request, sealed: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """What the loader reads: a request without its secrets, these, and the script.

    Args:
        script: what is run.
        request: what it is asked.
        sealed: the secrets as `ConvertTo-SecureString` takes them, by call and name.

    Raises:
        ValueError: the script has characters that a code page could change.
    """
    secrets = json.dumps(dict(sealed))
    return f"{request.encode()}\n{secrets}\n{script}\n{WHOLE}\n".encode("ascii")


def outputs(data: bytes, *, ended: bool = True) -> list[str]:
    """The strings that a script has put out.

    Args:
        data: what came on the standard output.
        ended: nothing follows; otherwise a last line may be half a line, and does not count.

    Raises:
        ScriptFailedError: the script ended with an error.
    """
    text = data.decode(errors="replace").removeprefix("\ufeff")
    lines = text.split("\n")
    if not ended:
        lines.pop()
    lines = [line.rstrip("\r") for line in lines]
    for line in lines:
        if line.startswith(FAILED):
            raise ScriptFailedError(line.removeprefix(FAILED))
    return [line for line in lines if line]


def complaint(data: bytes) -> str:
    """What a program said on its standard error, for people: its errors, not its progress.

    PowerShell wraps them in CLIXML; what programs before and after it say is plain text.
    """
    text = data.decode(errors="replace")
    plain = _DOCUMENT.sub(" ", text)
    told = "".join(_CODE.sub(_character, unescape(one)) for one in _ERROR.findall(text))
    return " ".join(f"{plain} {told}".split())


def _character(code: re.Match[str]) -> str:
    return chr(int(code[1], 16))
