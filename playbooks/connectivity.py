"""See how far the server gets on its way to Azure Backup."""

from enum import StrEnum

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.network_probe import (
    AUTOMATIC_PROXY,
    HostName,
    NetworkProbe,
    NetworkProbes,
    Proxy,
    Stage,
)
from remediate.resources.registry_value import RegistryValues


class Cloud(StrEnum):
    PUBLIC = "public"
    US_GOVERNMENT = "us-government"
    CHINA = "china"


NAMES = {
    Cloud.PUBLIC: (
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "www.microsoft.com",
        "download.microsoft.com",
    ),
    Cloud.US_GOVERNMENT: (
        "login.microsoftonline.us",
        "login.windows.net",
        "www.microsoft.com",
        "management.usgovcloudapi.net",
    ),
    Cloud.CHINA: ("login.chinacloudapi.cn", "www.microsoft.com"),
}
"""What can be tried of the documented names; most are patterns (*.backup.windowsazure.com)."""
PRIVATE = (
    ".backup.windowsazure.com",
    ".backup.windowsazure.us",
    ".backup.windowsazure.cn",
    ".blob.core.windows.net",
    ".queue.core.windows.net",
    ".blob.core.usgovcloudapi.net",
    ".queue.core.usgovcloudapi.net",
    ".blob.core.chinacloudapi.cn",
    ".queue.core.chinacloudapi.cn",
    ".blob.storage.azure.net",
)
"""What a vault with private endpoints has private addresses for; the logon is not among it."""
OWN_PROXY = (
    "Where the agent has a proxy of its own (Get-OBMachineSetting), run this again with --proxy "
    "HOST:PORT first."
)
NO_LOGON = 407
NEW_ENOUGH = {"Tls12", "Tls13"}
ISSUERS = ("Microsoft", "DigiCert")


class Params(PlaybookParams):
    cloud: Cloud = Field(Cloud.PUBLIC, description="cloud in which the vault is")
    names: tuple[HostName, ...] = Field(
        (),
        max_length=30,
        description="more names to try, such as those of the vault and its storage, which the "
        "agent's log has",
    )
    proxy: Proxy = Field(
        "",
        description="host and port of the agent's own proxy (Get-OBMachineSetting shows it); "
        "when empty, SYSTEM's or that of WinHTTP is taken",
    )
    private_endpoints: bool = Field(
        default=False, description="the vault uses private endpoints, so names need such addresses"
    )


class Connectivity(ForAgent, Playbook[Params]):
    """The agent needs port 443 of Microsoft's names: by address, TCP, proxy, TLS and certificate.

    Each name is tried from the server itself, through the proxy that a service there would take,
    all at once and in 13 seconds together. Nobody logs on, neither to Azure nor to the proxy.
    """

    id = "connectivity"
    title = "Say how far the server gets on its way to Azure Backup"
    topic = "connection"
    only_looks = True
    deep = True
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "name",
        "connect",
        "proxy",
        "proxy-logon",
        "automatic-proxy",
        "tls",
        "old-tls",
        "certificate",
        "other-issuer",
        "public-address",
    )

    def observe(self, params):
        names = dict.fromkeys((*NAMES[params.cloud], *params.names))
        return [
            RegistryValues(values=(INSTALL_PATH, AUTOMATIC_PROXY)),
            NetworkProbes(names=tuple(names), proxy=params.proxy),
        ]

    def decide(self, seen, params):
        probes = seen.all(NetworkProbe)
        by_stage = {stage: [one for one in probes if one.stage is stage] for stage in Stage}
        done = by_stage[Stage.DONE]
        logon = [one for one in by_stage[Stage.PROXY] if one.error == NO_LOGON]
        untrusted = [one for one in done if one.distrust]
        private = [one for one in probes if one.name.lower().endswith(PRIVATE)]
        script = seen.value(AUTOMATIC_PROXY)
        yield from _about(
            by_stage[Stage.NAME],
            "name",
            "{} not found in DNS",
            "Look at the server's DNS. Behind a proxy that alone knows such names, the proxy has "
            f"to be set where a service finds it. {OWN_PROXY}",
        )
        yield from _about(
            by_stage[Stage.CONNECT],
            "connect",
            "{} not reached",
            "Let the server out to port 443: by the firewall, by ExpressRoute with Microsoft "
            f"peering, or by a proxy that is set for SYSTEM. {OWN_PROXY}",
        )
        yield from _about(
            [one for one in by_stage[Stage.PROXY] if one not in logon],
            "proxy",
            "{} not let through by the proxy",
            "Have the proxy let these names through to port 443.",
        )
        yield from _about(
            logon,
            "proxy-logon",
            "{} behind a proxy that wants a logon",
            "Nobody has logged on to the proxy here. Let the server pass without, or give the "
            "agent a name and a password for it (Set-OBMachineSetting).",
            Severity.NOTICE,
        )
        if script.text and any(not one.proxy for one in probes):
            yield Advice(
                "A script decides which proxy is taken",
                "What it says is not known here: run this again with --proxy HOST:PORT.",
                Severity.NOTICE,
                rule="automatic-proxy",
                evidence=(Evidence(script.text[:300], where=script.title),),
            )
        yield from _about(
            by_stage[Stage.TLS],
            "tls",
            "{} without a TLS connection",
            "Azure takes TLS 1.2 only: look whether Windows has it switched off (SCHANNEL), and "
            "whether something on the way cuts the connection.",
        )
        yield from _about(
            [one for one in done if one.protocol not in NEW_ENOUGH],
            "old-tls",
            "{} by a TLS older than 1.2",
            "Azure refuses it. Switch on TLS 1.2 in Windows (SCHANNEL) and for .NET.",
        )
        yield from _about(
            untrusted,
            "certificate",
            "{} with a certificate that Windows does not trust",
            "If Microsoft or DigiCert has issued it, the authority's root certificate is missing "
            "on the server. Else something on the way breaks the encryption: have it leave "
            "these names alone.",
        )
        yield from _about(
            [one for one in done if one not in untrusted and not _known(one.issuer)],
            "other-issuer",
            "{} with a certificate of somebody else",
            "Something on the way breaks the encryption, and Windows trusts it; the agent need "
            "not. Have it leave these names alone.",
        )
        yield from _about(
            [one for one in private if params.private_endpoints and one.public],
            "public-address",
            "{} at a public address",
            "The vault uses private endpoints: the server's DNS has to know the private zones "
            "(privatelink…), or forward to one that does.",
        )


def _known(issuer):
    return any(name in issuer for name in ISSUERS)


def _about(probes, rule, title, text, severity=Severity.WARNING):
    """One piece of advice about all names of which something is so."""
    if probes:
        yield Advice(
            title.format(probes[0].name if len(probes) == 1 else f"{len(probes)} names"),
            text,
            severity,
            rule=rule,
            evidence=tuple(Evidence(str(one), where="the server's network") for one in probes),
        )
