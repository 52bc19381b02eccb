"""The backup agent's PowerShell module: the files it is made of, and whether it loads."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from remediate.model.base import JsonValue
from remediate.model.change import Change
from remediate.model.content import Manifest
from remediate.resources.base import Query, Resource
from remediate.resources.content import CONTENT_SCRIPT, Folder
from remediate.resources.mars_agent import MODULE
from remediate.resources.registry_value import RegistryValue

_VERSION = re.compile(
    r"""^\s*ModuleVersion\s*=\s*['"]([0-9.]{1,40})['"]""", re.IGNORECASE | re.MULTILINE
)


class AgentModule(Resource):
    """The module in the folder of the agent that is installed.

    The folder is replaced as a whole: the wanted files are brought into a folder beside it, which
    then takes its name; the old one is kept under another. So rollback sends nothing.

    Args:
        path: the module's folder.
        manifest: its files; None when it is not there.
        links: what leads out of it (symbolic links, junctions), relative; never followed.
        loads: a fresh process can import it, and gets commands from it.
        load_error: why not.
        module_version: its version, as its definition says; empty when that cannot be read.
        agent_version: version of the agent's program; empty when that cannot be read.
        kept: digests of former folders that stand beside it.
    """

    kind: ClassVar[str] = "agent_module"
    noun: ClassVar[str] = "PowerShell module"
    function: ClassVar[str] = "AgentModule"
    script: ClassVar[Path] = Path(__file__).with_suffix(".ps1")
    needs: ClassVar[tuple[Path, ...]] = (CONTENT_SCRIPT, RegistryValue.script)
    identity: ClassVar[tuple[str, ...]] = ("path",)
    settable: ClassVar[frozenset[str]] = frozenset({"manifest", "loads"})
    volatile: ClassVar[frozenset[str]] = frozenset(
        {"load_error", "module_version", "agent_version", "kept"}
    )

    path: str
    manifest: Manifest | None = None
    links: tuple[str, ...] = ()
    loads: bool = False
    load_error: str = ""
    module_version: str = ""
    agent_version: str = ""
    kept: tuple[str, ...] = ()

    @classmethod
    def query(cls, key: Mapping[str, str]) -> "AgentModules":
        """There is one at most, where the registry says."""
        del key
        return AgentModules()

    @classmethod
    def label(cls, name: str, value: JsonValue) -> str | None:
        """A manifest in a few words."""
        if name != "manifest":
            return super().label(name, value)
        return str(Manifest.model_validate(value)) if value is not None else "absent"

    @classmethod
    def content(cls, change: Change) -> Folder | None:
        """The files that have to be on the host before its manifest can be changed to theirs."""
        if change.property != "manifest" or change.after is None:
            return None
        manifest = Manifest.model_validate(change.after)
        return Folder(path=change.resource.key["path"], manifest=manifest)

    @classmethod
    def in_folder(cls, folder: Folder, texts: Mapping[str, str]) -> "AgentModule":
        """A copy of the module on the controller; that it loads is seen on the host only."""
        text = texts.get(f"{MODULE}.psd1".casefold())
        found = _VERSION.search(text or "")
        return cls(
            path=folder.path,
            manifest=folder.manifest,
            loads=text is not None,
            module_version=found[1] if found else "",
        )

    def left_by(self, change: Change) -> bool:
        """Between the two renames of a change there is no folder, and the old one is kept."""
        was = change.before
        return (
            change.property == "manifest"
            and self.manifest is None
            and isinstance(was, dict)
            and was.get("digest") in self.kept
        )

    def undo_conflict(self, change: Change, then: Resource | None) -> str | None:
        """The old folder has to be there still."""
        del then
        if change.property != "manifest" or change.before is None:
            return None
        before = Manifest.model_validate(change.before)
        if before.digest in self.kept:
            return None
        return f"the folder with its former content ({before}) is no longer beside it"


class AgentModules(Query):
    """The module of the agent, wherever that is installed; none when it is not."""

    resource: ClassVar[type[Resource]] = AgentModule
