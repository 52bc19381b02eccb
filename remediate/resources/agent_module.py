"""The backup agent's PowerShell module: the files it is made of, and whether it loads."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from remediate.model.base import JsonValue, Model
from remediate.model.change import Change
from remediate.model.content import Manifest
from remediate.resources.base import Query, Resource
from remediate.resources.content import FOLDER_READER, FOLDER_WRITER, Folder
from remediate.resources.host_path import HOST_PATH_READER
from remediate.resources.mars_agent import MODULE
from remediate.resources.own_process import OWN_PROCESS
from remediate.resources.registry_value import RegistryValue

_VERSION = re.compile(
    r"""(?:^|[{;])\s*ModuleVersion\s*=\s*['"]([0-9.]{1,40})['"]""", re.IGNORECASE | re.MULTILINE
)

_LOAD_TEST = Path(__file__).with_suffix(".load.ps1")


class Installed(Model):
    """A module that is there.

    Args:
        manifest: its files.
        loads: a fresh process can import it, and gets commands from it; None when that was not
            tried or could not be told, which is not the same as no.
    """

    manifest: Manifest
    loads: bool | None

    def __str__(self) -> str:
        loading = {True: "loads", False: "does not load", None: "whether it loads is not known"}
        return f"{self.manifest}, {loading[self.loads]}"


class AgentModule(Resource):
    """The module in the folder of the agent that is installed.

    The folder is replaced as a whole: the wanted files are brought into a folder beside it, which
    then takes its name; the old one is kept under another. So rollback sends nothing.

    Args:
        path: the module's folder.
        installed: what is there; None when nothing is.
        links: what leads out of it (symbolic links, junctions), relative; never followed.
        load_error: why it does not load, or why that could not be told, as a sentence; empty when
            it was not to be tried.
        module_version: its version, as its definition says; empty when that cannot be read.
        agent_version: version of the agent's program; empty when that cannot be read.
        kept: digests of former folders that stand beside it.
    """

    kind: ClassVar[str] = "agent_module"
    noun: ClassVar[str] = "PowerShell module"
    function: ClassVar[str] = "AgentModule"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    reader_needs: ClassVar[tuple[Path, ...]] = (
        FOLDER_READER,
        HOST_PATH_READER,
        RegistryValue.reader,
    )
    writer_needs: ClassVar[tuple[Path, ...]] = (FOLDER_WRITER,)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"installed"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"load_error", "module_version", "agent_version", "kept"}
    )

    path: str
    installed: Installed | None = None
    links: tuple[str, ...] = ()
    load_error: str = ""
    module_version: str = ""
    agent_version: str = ""
    kept: tuple[str, ...] = ()

    @property
    def untried(self) -> bool:
        """Whether nobody has asked if it loads."""
        return self.installed is not None and self.installed.loads is None and not self.load_error

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "AgentModules":
        """There is one at most, where the registry says."""
        del key
        return AgentModules()

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """Files in a few words."""
        if name != "installed":
            return super().label(name, value)
        return str(Installed.model_validate(value)) if value is not None else "absent"

    @classmethod
    def same(cls, name: str, one: JsonValue, other: JsonValue) -> bool | None:
        """The same files are the same where it is not known of both whether they load."""
        if name != "installed" or one is None or other is None:
            return super().same(name, one, other)
        first, second = Installed.model_validate(one), Installed.model_validate(other)
        unknown = None in {first.loads, second.loads}
        return first.manifest == second.manifest and (unknown or first.loads == second.loads)

    def compared(self) -> dict[str, JsonValue]:
        """Its files: whether they load moves by itself, as with a policy or on a busy host."""
        compared = super().compared()
        if isinstance(compared["installed"], dict):
            compared["installed"]["loads"] = None
        return compared

    @classmethod
    def content(cls, change: Change) -> Folder | None:
        """The files that have to be on the host before they can be the module's."""
        if change.after is None:
            return None
        wanted = Installed.model_validate(change.after)
        return Folder(path=change.resource.key["path"], manifest=wanted.manifest)

    @classmethod
    def in_folder(cls, folder: Folder, texts: Mapping[str, str]) -> "AgentModule":
        """A copy of the module on the controller; that it loads is seen on the host only."""
        text = texts.get(f"{MODULE}.psd1".casefold())
        found = _VERSION.search(text or "")
        return cls(
            path=folder.path,
            installed=Installed(manifest=folder.manifest, loads=text is not None),
            module_version=found[1] if found else "",
        )

    def left_by(self, change: Change) -> bool:
        """The wanted files may not load; between two renames there is only the old, kept folder."""
        if self.installed is not None and change.after is not None:
            return self.installed.manifest == Installed.model_validate(change.after).manifest
        if self.installed is not None or change.before is None:
            return False
        return Installed.model_validate(change.before).manifest.digest in self.kept

    def lacks(self, change: Change) -> str | None:
        """The old folder has to be there still."""
        if change.before is None:
            return None
        before = Installed.model_validate(change.before).manifest
        if before.digest in self.kept:
            return None
        return f"the folder with its former content ({before}) is no longer beside it"


class AgentModules(Query):
    """The module of the agent, wherever that is installed; none when it is not.

    Args:
        load: try whether it loads, which runs its code as the account that logs on.
    """

    resource: ClassVar[type[Resource]] = AgentModule
    seconds: ClassVar[float] = 15.0  # it hashes files, and loads the module in a process of its own
    bounded: ClassVar[bool] = False

    load: bool = True

    def details(self) -> Iterator[str]:
        """Nothing: there is one at most."""
        return iter(())

    def reading_files(self) -> tuple[Path, ...]:
        """What tries whether it loads is sent only where that is asked."""
        return (*super().reading_files(), *((_LOAD_TEST, OWN_PROCESS) if self.load else ()))

    def in_passing(self) -> "AgentModules":
        """Its files only: a module that may be damaged is not run because everything is audited."""
        return AgentModules(load=False)
