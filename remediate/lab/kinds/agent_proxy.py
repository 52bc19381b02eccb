r"""The proxy that the agent has of its own: Windows' state has it as `agent_proxy`.

In short, none being the healthy one: `{server: 'http://proxy', port: 8080, user: …, password: …}`.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from pydantic import Field, TypeAdapter

from remediate.lab.call_error import CallFailedError
from remediate.lab.kinds.agent_module import loading
from remediate.lab.kinds.kind import Switch, check_access, may_write, short_form
from remediate.lab.kinds.registry_value import KIND as REGISTRY
from remediate.lab.kinds.registry_value import path_of
from remediate.lab.state import HostState, Record
from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import MODULE_FOLDER

KIND = "agent_proxy"
HEALTHY: dict[str, Any] = {}
UNKIND: dict[str, Switch] = {
    "an address without its scheme": Switch("plausible", (("^http://", ""),)),
    "an address with a slash": Switch("plausible", (("^(http://[^|]*)\\|", "$1/|"),)),
}
"""What the agent may make of a proxy that it saves: its address, port and user, with bars."""
DAMAGING: dict[str, Switch] = {
    "another port": Switch("plausible", (("\\|[0-9]+\\|", "|80|"),)),
    "another server": Switch("plausible", (("^http://[^|.]*", "http://other"),)),
}
"""What it should not."""
_TOLD = ("Enabled", "ProxyServer", "ProxyPort", "ProxyUserName")
_UNKNOWN = "What Get-OBMachineSetting says of the proxy has another form than is known."
_ACCOUNT = (
    "The address of the proxy of the agent has an account in it, so nothing of it is shown: give "
    "the agent one without."
)


class _Short(Model):
    """A proxy, or none.

    Args:
        server: its address; empty when there is none.
        port: of it.
        user: as whom the agent logs on.
        password: with which it does; what is kept is a digest.
        told: properties that `Get-OBMachineSetting` gives it, of those that are known.
        fails: commands that fail, each with the id of its error.
    """

    server: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    told: tuple[str, ...] = _TOLD
    fails: dict[str, str] = Field(default_factory=dict)


_SHORT = TypeAdapter(_Short)


def state(host: HostState, short: object) -> None:
    """This proxy and no other."""
    known = short_form(_SHORT, short)
    host.windows[KIND] = {
        **known.model_dump(mode="json"),
        "password": _digest(known.password),
    }


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest() if password else ""


def read(host: HostState, path: Record | None = None) -> Iterator[Record]:
    """The proxy, in so far as the module loads, its command does not fail and tells what it is."""
    folder = path_of(host, MODULE_FOLDER if path is None else HostPath.model_validate(path))
    if folder is None:
        return
    known = host.windows.get(KIND) or _Short().model_dump(mode="json")
    if path is not None:
        check_access(host, REGISTRY, "read")
        _check_told(host, folder, known)
    user = known["user"] if "ProxyUserName" in known["told"] else None
    none = {"server": "", "port": 0, "user": user and ""}
    there = {"server": known["server"], "port": known["port"], "user": user}
    yield {"path": folder, "proxy": there if known["server"] else none}


def _check_told(host: HostState, folder: str, known: Record) -> None:
    _check_module(host, folder)
    if error := known["fails"].get("Get-OBMachineSetting"):
        raise _silent(f"The agent cannot be asked for its proxy: {error}.")
    if not known["told"] or not {*_TOLD[:3]} <= {*known["told"]}:
        raise _silent(_UNKNOWN)
    if "@" in known["server"]:
        raise _silent(_ACCOUNT)


def _check_module(host: HostState, folder: str) -> None:
    """Make sure that the agent's module loads.

    Raises:
        CallFailedError: it does not.
    """
    if host.drive.find(f"{folder}\\MSOnlineBackup.psd1") is None:
        raise _silent("The PowerShell module of the agent is not there.")
    loads, error, _ = loading(host.drive, folder)
    if loads is None:
        raise _silent(
            "The PowerShell module of the agent has not answered in the time that there is."
        )
    if not loads:
        problem = error.removeprefix("Import-Module fails with ").rstrip(".")
        raise _silent(f"The agent cannot be asked for its proxy: {problem}.")


def _silent(message: str) -> CallFailedError:
    return CallFailedError("RemediateAgentSilent", message)


def write(host: HostState, record: Record, after: Record) -> None:
    """As the agent saves it; what is said of none of its parts is no longer there."""
    may_write(host, KIND)
    _check_module(host, record["path"])
    known = host.windows.setdefault(KIND, _Short().model_dump(mode="json"))
    if error := known["fails"].get("Set-OBMachineSetting"):
        raise _silent(f"The agent does not take the proxy: {error}.")
    proxy = after["proxy"]
    server, port, user = proxy["server"], str(proxy["port"]), proxy["user"] or ""
    if server:
        server, port, user = host.saved_text(KIND, f"{server}|{port}|{user}").split("|")
    known |= {"server": server, "port": int(port), "user": user}
    known["password"] = _digest(after.get("password", ""))


def other(host: HostState, record: Record, change: Change) -> JsonValue:
    """Somebody gives the agent another proxy."""
    del change
    user = record["proxy"]["user"]
    value: JsonValue = {"server": "http://theirs", "port": 3128, "user": user and ""}
    host.windows[KIND] |= {"server": "http://theirs", "port": 3128, "user": "", "password": ""}
    return value
