"""Put the backup agent's PowerShell module back, as it is on a healthy host."""

from remediate.playbook import Advice, Evidence, OriginParams, Playbook
from remediate.resources.agent_module import AgentModule, AgentModules
from remediate.resources.mars_agent import INSTALLED, ForAgentModule
from remediate.resources.registry_value import RegistryValues

UNKNOWN = "Whether the backup agent's PowerShell module loads could not be told"
UNTRIED = "It was not tried whether it loads: module-restore was not named."
AGAIN = (
    "Nothing is restored because of that. Run this again when the host is less busy, or load it "
    "there by hand: Import-Module MSOnlineBackup."
)


def loads(module):
    """Whether it loads; None when that could not be told. What is not there does not.

    Nothing is said against one that was not tried, so that counts as if it did.
    """
    if module.installed is None:
        return False
    return module.untried or module.installed.loads


def same_agent(one, other):
    """Whether two hosts are known to have the same version of the agent."""
    return one.agent_version == other.agent_version != ""


def unknown(module, text):
    """What to say where it is not known whether the module loads."""
    return Advice(UNKNOWN, text, rule="load-unknown", resource=module.resource_id)


class ModuleRestore(ForAgentModule, Playbook[OriginParams]):
    """The module is copied from a healthy host, or a folder, whose agent is of the same version.

    Only files that differ are sent; each is checked on the host before anything is switched. The
    old folder is renamed and kept beside the new one, and rollback renames it back.

    Whether the module loads is tried only when this playbook is named: an audit of everything
    looks at its files.
    """

    id = "module-restore"
    title = "Restore the backup agent's PowerShell module so that it loads"
    topic = "schedule"
    symptoms = ("module-not-found", "schedule-not-running")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "agent-removed",
        "leads-elsewhere",
        "not-there",
        "load-unknown",
        "does-not-load",
        "no-original",
        "original-load-unknown",
        "original-not-whole",
        "original-agent-version",
        "original-module-version",
        "files",
    )
    after = ("execution-policy",)
    writes = (AgentModule,)
    risk = "The module is missing for a moment, between two renames: no backup should start then."

    def observe(self, params):
        return [RegistryValues(values=INSTALLED), AgentModules()]

    def origin(self, params):
        return params.origin(AgentModules())

    def decide(self, seen, params):
        module = seen.one(AgentModule)
        if module is None:
            yield Advice(
                "The agent was being removed during the check",
                "Run it again when the removal has ended.",
                rule="agent-removed",
            )
        elif module.links:
            yield Advice(
                "In the module's folder something leads elsewhere",
                f"{', '.join(module.links)} in {module.path}: a link or mount point. It is not "
                "followed, and nothing is replaced: remove it by hand.",
                rule="leads-elsewhere",
                resource=module.resource_id,
            )
        elif seen.original is None:
            yield from self.without_source(module)
        else:
            yield from self.like(seen.original, module)

    def without_source(self, module):
        if module.installed is None:
            yield Advice(
                "The backup agent's PowerShell module is not there",
                "Restore it with --from HOST, a healthy host with the same agent, or repair the "
                "agent with its installer.",
                rule="not-there",
                resource=module.resource_id,
            )
        elif loads(module) is None:
            yield unknown(module, f"{module.load_error} {AGAIN}")
        elif not loads(module):
            yield Advice(
                "The backup agent's PowerShell module does not load",
                f"{module.load_error} Restore it with --from HOST, a healthy host with the same "
                "agent.",
                rule="does-not-load",
                resource=module.resource_id,
            )

    def like(self, original, module):
        place, whole = original.place, original.found
        if whole is None:
            yield Advice(
                f"The module cannot be copied from {place}",
                f"{original.problem.rstrip('. ')}. Name another host or folder.",
                rule="no-original",
                resource=module.resource_id,
            )
        elif not whole.links and loads(whole) is None:
            yield Advice(
                f"Whether the module of {place} loads could not be told",
                f"{whole.load_error} Run this again, or name another one.",
                rule="original-load-unknown",
                resource=module.resource_id,
            )
        elif whole.links or not loads(whole):
            why = "it is not there or does not load"
            if whole.links:
                why = f"{', '.join(whole.links)} leads elsewhere (a link or mount point)"
            elif whole.load_error:
                why = whole.load_error.rstrip(". ")
            yield Advice(
                f"The module of {place} is not whole itself",
                f"{why}. Name another one.",
                rule="original-not-whole",
                resource=module.resource_id,
            )
        elif original.proven and not same_agent(whole, module):
            yield Advice(
                f"The agent of {place} is of another version",
                f"It is {whole.agent_version or 'unknown'} there and "
                f"{module.agent_version or 'unknown'} here. Name a host with the same agent, or "
                "repair the agent with its installer.",
                rule="original-agent-version",
                resource=module.resource_id,
            )
        elif module.module_version not in {"", whole.module_version}:
            yield Advice(
                f"The module of {place} is of another version",
                f"It is {whole.module_version or 'unknown'} there and {module.module_version} "
                "here. Name another one, or repair the agent with its installer.",
                rule="original-module-version",
                resource=module.resource_id,
            )
        else:
            yield from self.files_of(place, whole, module)

    def files_of(self, place, whole, module):
        if not module.installed or whole.installed.manifest != module.installed.manifest:
            other = f"Its files are not those of {place}."
            why = other if loads(module) is None else module.load_error or other
            looked_at = ((module, module.path), (whole, f"the module of {place}"))
            yield module.should(
                rule="files",
                installed=whole.installed,
                why=why,
                evidence=[Evidence(UNTRIED, where) for one, where in looked_at if one.untried],
            )
        elif loads(module) is None:
            yield unknown(module, f"Its files are those of {place}. {module.load_error} {AGAIN}")
        elif not loads(module):
            yield Advice(
                "The module does not load, though its files are right",
                f"They are those of {place}. {module.load_error} See execution-policy.",
                rule="does-not-load",
                resource=module.resource_id,
            )

    def assumptions(self, params):
        if params.from_folder:
            yield "The folder does not record an agent version; it is assumed to match this host's."
        yield (
            "No program has the module folder open; if one does, the rename fails and nothing "
            "changes."
        )
        yield "The load test runs as your account; the backup loads the module as SYSTEM."
        yield "The old folder is kept beside it as MSOnlineBackup.remediate-… and can be deleted."
