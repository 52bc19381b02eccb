"""The proxy that the agent has of its own, beside those of Windows.

Only the agent's own PowerShell module knows it, and that is code of somebody else's: it runs in a
process of its own. What its object has is not documented, but seen in scripts that use it, so the
host looks whether it is there; where it is not, nothing is said.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from remediate.model.base import JsonValue, Model
from remediate.resources.agent_module import AgentModule
from remediate.resources.base import Query, Resource
from remediate.resources.host_path import HostPath
from remediate.resources.mars_agent import MODULE_FOLDER
from remediate.resources.own_process import OWN_PROCESS

_ASK = Path(__file__).with_suffix(".ask.ps1")
_HTTP = re.compile(r"^http://|/+$", re.IGNORECASE)


class OwnProxy(Model):
    """What the agent has for a proxy (`Get-OBMachineSetting`).

    Args:
        server: its address, as the agent has it (`http://proxy.contoso.com`); empty when the agent
            takes no proxy of its own.
        port: of it; 0 when there is none.
        user: as whom the agent logs on to it; empty for nobody, None when that is not told.
    """

    server: str = ""
    port: int = 0
    user: str | None = None

    def __str__(self) -> str:
        if not self.server:
            return "none"
        return f"{self.server}:{self.port}" + (f", user {self.user}" if self.user else "")

    @property
    def may_have_password(self) -> bool:
        """Whether the agent may keep a password for it, which nobody can read."""
        return bool(self.server) and self.user != ""

    def meant(self) -> tuple[str, int, str | None]:
        """What the same proxy has in common, however it is written."""
        user = None if self.user is None else self.user.casefold()
        return _HTTP.sub("", self.server).casefold(), self.port, user


class AgentProxy(Resource):
    """What the agent that is installed has for a proxy.

    Args:
        path: folder of its PowerShell module.
        proxy: that it has.
    """

    kind: ClassVar[str] = "agent_proxy"
    noun: ClassVar[str] = "proxy of the agent"
    function: ClassVar[str] = "AgentProxy"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (
        *AgentModule.reading_files(),
        _ASK,
        OWN_PROCESS,
    )
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"proxy"})
    secret: ClassVar[frozenset[str]] = frozenset({"password"})

    path: str
    proxy: OwnProxy

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "AgentProxies":
        """There is one at most, where the registry says."""
        del key
        return AgentProxies()

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A proxy as one types it."""
        return super().label(name, value) if name != "proxy" else str(_proxy(value))

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """The scheme that is the usual one, a slash at the end and case make no difference."""
        if name != "proxy":
            return super().same(name, one, other)
        return _proxy(one).meant() == _proxy(other).meant()


def _proxy(value: JsonValue) -> OwnProxy:
    return OwnProxy.model_validate(value)


class AgentProxies(Query):
    """The proxy of the agent, wherever that is installed; none when it is not.

    Args:
        path: folder of its PowerShell module.
    """

    resource: ClassVar[type[Resource]] = AgentProxy
    seconds: ClassVar[float] = 20.0  # a process is started, and loads the module
    bounded: ClassVar[bool] = False

    path: HostPath = MODULE_FOLDER

    def details(self) -> Iterator[str]:
        """Where it is."""
        yield str(self.path)
