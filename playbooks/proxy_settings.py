"""Have the agent take the proxy of its own that was asked for, or none."""

from types import MappingProxyType

from remediate.model.proxy import NO_PROXY
from remediate.playbook import Advice, Playbook
from remediate.playbook.proxy import ProxyParams
from remediate.playbook.restarting import AlthoughUnknown, job_refusals
from remediate.resources.agent_proxy import AgentProxies, AgentProxy, OwnProxy
from remediate.resources.backup_record import BackupRecord, BackupRecords
from remediate.resources.mars_agent import INSTALLED, ForAgentModule
from remediate.resources.registry_value import RegistryValues
from remediate.resources.service import Service, Services, ServiceStatus

AGENT = "obengine"


class Params(ProxyParams, AlthoughUnknown):
    pass


class ProxySettings(ForAgentModule, Playbook[Params]):
    """The agent has a proxy of its own, which for its backups wins over those of Windows.

    What it has is told by its PowerShell module, which runs in a process of its own. That a
    password is the right one cannot be seen: it is only written with another server, port or user.
    """

    id = "proxy-settings"
    title = "Let the agent take the proxy of its own that was asked for"
    topic = "connection"
    symptoms = (
        "backup-service-unreachable",
        "proxy-authentication-required",
        "vault-credentials-invalid",
        "cloud-service-error",
    )
    source = "https://learn.microsoft.com/powershell/module/msonlinebackup/set-obmachinesetting"
    rules = ("user-not-told", "proxy")
    on_demand = True  # there is nothing to hold a host against that nobody has said anything of
    writes = (AgentProxy, Service)
    risk = (
        "The agent's service is restarted, though not while it backs up or restores. With a proxy "
        "that does not let it through, no backup works."
    )
    rollback = (
        "Reversible where the agent had no proxy, or one without a user, and is given no "
        "password: nobody can read one that it keeps. Else give it what it had by this playbook."
    )
    example = MappingProxyType({"server": "proxy.contoso.com:8080"})

    def observe(self, params):
        return [
            RegistryValues(values=INSTALLED),
            AgentProxies(),
            Services(names=(AGENT,)),
            BackupRecords(),
        ]

    def decide(self, seen, params):
        found, service = seen.one(AgentProxy), seen.one(Service)
        if params.proxy_user and found.proxy.user is None:
            yield Advice(
                "The agent does not tell as whom it logs on to its proxy",
                "So it could not be proven that it has taken a user: give it one by hand, with "
                "Set-OBMachineSetting -ProxyServer -ProxyPort -ProxyUsername -ProxyPassword, and "
                "restart the service obengine.",
                rule="user-not-told",
                resource=found.resource_id,
            )
            return
        secrets = {} if params.proxy_password is None else {"password": params.proxy_password}
        yield found.should(
            rule="proxy",
            proxy=_wanted(params, found.proxy),
            irreversible=found.proxy.may_have_password,
            restarts=() if service is None else service,
            **secrets,
        )

    def guard(self, seen, params):
        service, record = seen.one(Service), seen.one(BackupRecord)
        if service is None or service.status is ServiceStatus.STOPPED:
            return
        yield from job_refusals(record, "its restart", accepted=params.although_unknown)

    def assumptions(self, params):
        yield "Where the agent has no proxy of its own, it takes that of the SYSTEM account."
        yield (
            "WinRM takes no proxy, and only the agent takes this one, so it does not cut us off."
        )


def _wanted(params, found):
    """What it has to be; the user of none is nobody, where that is told."""
    user = None if found.user is None else params.proxy_user
    if params.server == NO_PROXY:
        return OwnProxy(user=user)
    server, _, port = params.server.rpartition(":")
    return OwnProxy(server=f"http://{server}", port=int(port), user=user)
