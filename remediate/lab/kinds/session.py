"""The session in which a host is asked. Windows' state has it in `session`.

In short, what is not usual: `{language_mode: ConstrainedLanguage, account: filtered}`. Where the
host's `lacks` names `whoami`, that is not let start.
"""

from collections.abc import Iterator
from typing import Literal

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import check_access, short_form
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.session import FULL_LANGUAGE

KIND = "session"
HEALTHY: Record = {}
_EVERYBODY = ("S-1-1-0", "S-1-5-32-545", "S-1-5-2", "S-1-5-11", "S-1-5-64-10")
_LOCAL = ("S-1-5-114", "S-1-5-113")
GROUPS = {
    "administrator": (*_EVERYBODY, "S-1-5-32-544", "S-1-16-12288"),
    "filtered": (*_EVERYBODY, *_LOCAL, "S-1-5-32-544", "S-1-5-32-580", "S-1-16-8192"),
    "filtered of a domain": (*_EVERYBODY, "S-1-5-32-544", "S-1-5-32-580", "S-1-16-8192"),
    "user": (*_EVERYBODY, "S-1-5-32-580", "S-1-16-8192"),
}
"""SIDs in the token of each account; a user comes in by way of Remote Management Users."""


class _Short(Model):
    """What is not usual.

    Args:
        language_mode: what PowerShell lets scripts do. The `powershell` engine has one only.
        account: whose rights the account that comes in has.
    """

    language_mode: Literal["FullLanguage", "ConstrainedLanguage"] = FULL_LANGUAGE
    account: Literal["administrator", "filtered", "filtered of a domain", "user"] = "administrator"


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """This in place of what it was."""
    known = short_form(_SHORT, short)
    groups = list(GROUPS[known.account])
    host.windows["session"] = {"language_mode": known.language_mode, "groups": groups}


def read(host: HostState) -> Iterator[Record]:
    """The one that asks."""
    check_access(host, KIND, "read")
    known = host.windows.get("session", {})
    groups = known.get("groups") if "whoami" not in host.lacks else None
    mode = language_mode(host)
    yield {"name": "PowerShell", "language_mode": mode, "groups": groups and list(groups)}


def language_mode(host: HostState) -> str:
    """What PowerShell lets scripts do on a host."""
    return str(host.windows.get("session", {}).get("language_mode", FULL_LANGUAGE))
