"""Put the backup agent's PowerShell module back, as it is on a healthy host."""

from pathlib import Path

from pydantic import field_validator, model_validator

from remediate.model.host import split_target
from remediate.playbook import Advice, Field, Origin, Playbook, PlaybookParams
from remediate.resources.agent_module import AgentModule, AgentModules
from remediate.resources.mars_agent import INSTALL_PATH, not_an_agent_host
from remediate.resources.registry_value import RegistryValue, RegistryValues


class ModuleRestoreParams(PlaybookParams):
    """Where a whole copy of the module is; with neither, hosts are only looked at."""

    from_: str = Field("", description="A healthy host with the same agent, to copy the module of")
    from_folder: Path | None = Field(
        None, description="A folder on this machine with the module's files, instead of a host"
    )

    @field_validator("from_")
    @classmethod
    def _a_host(cls, value):
        if value:
            split_target(value)
        return value

    @model_validator(mode="after")
    def _one_of_them(self):
        if self.from_ and self.from_folder:
            raise ValueError("--from and --from-folder exclude each other")
        return self


def said(module):
    """Why a module does not load, as a sentence; empty when that is not known."""
    return f"{module.load_error.rstrip('. ')}." if module.load_error else ""


class ModuleRestore(Playbook[ModuleRestoreParams]):
    """The module is copied from a healthy host, or a folder, whose agent is of the same version.

    Only files that differ are sent; each is checked on the host before anything is switched. The
    old folder is renamed and kept beside the new one, and rollback renames it back.
    """

    id = "module-restore"
    title = "Restore the backup agent's PowerShell module so that it loads"
    symptoms = ("module-not-found", "schedule-does-not-run")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    after = ("execution-policy",)

    def observe(self, params):
        return [RegistryValues(values=(INSTALL_PATH,)), AgentModules()]

    def origin(self, params):
        if params.from_ or params.from_folder:
            return Origin(query=AgentModules(), host=params.from_, folder=params.from_folder)
        return None

    def not_applicable(self, seen, params):
        return not_an_agent_host(seen.all(RegistryValue))

    def decide(self, seen, params):
        module = seen.one(AgentModule)
        if module is None:
            yield Advice(
                "The agent is removed while it is looked at", "Run it again when that has ended."
            )
        elif module.links:
            yield Advice(
                "In the module's folder something leads elsewhere",
                f"{', '.join(module.links)} in {module.path}: a link or mount point. It is not "
                "followed, and nothing is replaced: remove it by hand.",
            )
        elif seen.original is None:
            yield from self.without_source(module)
        else:
            yield from self.like(seen.original, module)

    def without_source(self, module):
        if module.manifest is None:
            yield Advice(
                "The backup agent's PowerShell module is not there",
                "Restore it with --from HOST, a healthy host with the same agent, or repair the "
                "agent with its installer.",
            )
        elif not module.loads:
            yield Advice(
                "The backup agent's PowerShell module does not load",
                f"{said(module)} Restore it with --from HOST, a healthy host with the same agent.",
            )

    def like(self, original, module):
        place, whole = original.place, original.found
        if whole is None:
            yield Advice(
                f"The module cannot be copied from {place}",
                f"{original.problem.rstrip('. ')}. Name another host or folder.",
            )
        elif whole.links or not whole.manifest or not whole.loads:
            why = "it is not there or does not load"
            if whole.links:
                why = f"{', '.join(whole.links)} leads elsewhere (a link or mount point)"
            elif whole.load_error:
                why = whole.load_error.rstrip(". ")
            yield Advice(f"The module of {place} is not whole itself", f"{why}. Name another one.")
        elif original.proven and whole.agent_version != module.agent_version:
            yield Advice(
                f"The agent of {place} is of another version",
                f"It is {whole.agent_version or 'unknown'} there and "
                f"{module.agent_version or 'unknown'} here. Name a host with the same agent, or "
                "repair the agent with its installer.",
            )
        elif module.module_version not in {"", whole.module_version}:
            yield Advice(
                f"The module of {place} is of another version",
                f"It is {whole.module_version or 'unknown'} there and {module.module_version} "
                "here. Name another one, or repair the agent with its installer.",
            )
        elif whole.manifest == module.manifest and not module.loads:
            yield Advice(
                "The module does not load, though its files are right",
                f"They are those of {place}. {said(module)} See execution-policy.",
            )
        else:
            why = said(module) or f"Its files are not those of {place}."
            yield module.should(manifest=whole.manifest, loads=True, why=why)

    def assumptions(self, params):
        if params.from_folder:
            yield "Which version of the agent the folder is of cannot be seen: it is the same."
        yield "No program uses the module's folder, or it cannot be renamed and stays as it is."
        yield "The old folder is kept beside it as MSOnlineBackup.remediate-… and can be deleted."
