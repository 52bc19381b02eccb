"""Let the agent reach Azure, which takes nothing older than TLS 1.2."""

from remediate.playbook import MACHINE, Advice, Evidence, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValues,
)

PROTOCOLS = (
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols"
)
ENABLED = RegistryName(key=rf"{PROTOCOLS}\TLS 1.2\Client", name="Enabled")
DISABLED_BY_DEFAULT = RegistryName(key=ENABLED.key, name="DisabledByDefault")
OLD_ENABLED = RegistryName(key=rf"{PROTOCOLS}\TLS 1.0\Client", name="Enabled")
DOTNET_4, DOTNET_2 = (
    [  # whether programs for it use the TLS of the system; 64-bit, then 32-bit
        RegistryName(
            key=rf"HKEY_LOCAL_MACHINE\{software}\Microsoft\.NETFramework\{version}", name=name
        )
        for software in ("SOFTWARE", r"SOFTWARE\WOW6432Node")
        for name in ("SystemDefaultTlsVersions", "SchUseStrongCrypto")
    ]
    for version in ("v4.0.30319", "v2.0.50727")
)
DOTNET_2_INSTALLED = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\NET Framework Setup\NDP\v2.0.50727", name="Install"
)
POLICY = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings",
    name="SecureProtocols",
)
WINHTTP = RegistryName(
    key=r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings\WinHttp",
    name="DefaultSecureProtocols",
)
TLS_1_2 = 0x800  # its bit in these two
ON = RegistryData(type=RegistryType.DWORD, data=1)
OFF = RegistryData(type=RegistryType.DWORD, data=0)


def number(value):
    """The number that a value holds; None where there is none, or it is of another type."""
    held = value.value
    return held.data if held is not None and held.type is RegistryType.DWORD else None


class Tls12(ForAgent, Playbook[PlaybookParams]):
    """Azure Storage has refused connections older than TLS 1.2 since 3 February 2026.

    Windows offers TLS 1.2 by itself from Server 2012 R2 on, so values of SCHANNEL that are not
    there are right. What programs for .NET 4 offer where their values are not there depends on the
    version that they were made for, so those are set. Root certificates are not looked at: Windows
    fetches one when it first needs it, unless it is kept from that.
    """

    id = "tls12"
    title = "Let the backup agent use TLS 1.2"
    topic = "connection"
    symptoms = ("tls12-missing", "backup-service-unreachable")
    source = "https://learn.microsoft.com/azure/backup/transport-layer-security"
    rules = ("group-policy", "winhttp", "switched-off", "dotnet-4", "dotnet-2")
    risk = (
        "After the restart, programs for .NET 4 use neither SSL 3.0 nor RC4, so they no longer "
        "reach servers that know nothing newer."
    )

    def observe(self, params):
        schannel = (ENABLED, DISABLED_BY_DEFAULT, OLD_ENABLED)
        dotnet = (*DOTNET_4, *DOTNET_2, DOTNET_2_INSTALLED)
        return [RegistryValues(values=(INSTALL_PATH, POLICY, WINHTTP, *schannel, *dotnet))]

    def decide(self, seen, params):
        policy = seen.value(POLICY)
        allowed = number(policy)
        if allowed is not None and not allowed & TLS_1_2:
            yield Advice(
                "Group Policy allows no TLS 1.2",
                "Computer Configuration > Administrative Templates > Windows Components > Internet "
                'Explorer > Internet Control Panel > Advanced Page > "Turn off encryption support" '
                "holds for programs that use Windows' Internet settings: choose a combination with "
                "TLS 1.2 there.",
                rule="group-policy",
                resource=policy.resource_id,
                evidence=(Evidence(f"{allowed:#x}", where=policy.title),),
            )
        offered = number(seen.value(WINHTTP))
        if offered is not None and not offered & TLS_1_2:
            yield Advice(
                "WinHTTP offers no TLS 1.2",
                "The value holds for programs that leave it to WinHTTP, in place of what Windows "
                f"offers by itself: add {TLS_1_2:#x} to it, or delete it, and restart the server.",
                rule="winhttp",
                resource=seen.value(WINHTTP).resource_id,
                evidence=(Evidence(f"{offered:#x}", where=seen.value(WINHTTP).title),),
            )
        for name, wanted in ((ENABLED, ON), (DISABLED_BY_DEFAULT, OFF)):
            value = seen.value(name)
            right = number(value) is not None and bool(number(value)) == bool(wanted.data)
            if value.value is not None and not right:
                yield value.should(
                    rule="switched-off",
                    value=wanted,
                    severity=Severity.CRITICAL,
                    why="Nothing on the server that uses the TLS of Windows can reach Azure.",
                    restarts=MACHINE,
                )
        for name in DOTNET_4:
            value = seen.value(name)
            yield value.should(
                rule="dotnet-4",
                value=ON,
                severity=Severity.NOTICE if value.value is None else Severity.WARNING,
                why="Programs made for .NET before 4.7 may offer only what is older than TLS 1.2."
                if value.value is None
                else "Programs for .NET 4 may offer only what is older than TLS 1.2.",
                restarts=MACHINE,
            )
        yield from _dotnet_2(seen)

    def assumptions(self, params):
        yield (
            "Where a Group Policy Preference or a script sets these values, they come back with "
            "it: change them there too."
        )
        yield (
            "What connects to this server, as WinRM over HTTPS does, goes by the values in "
            r"TLS 1.2\Server, which are left alone: nothing here cuts us off."
        )


def _dotnet_2(seen):
    """What to do where the only version is switched off that programs for .NET 2 know of."""
    wrong = [seen.value(name) for name in DOTNET_2 if number(seen.value(name)) != 1]
    installed = number(seen.value(DOTNET_2_INSTALLED)) == 1
    if installed and number(seen.value(OLD_ENABLED)) == 0 and wrong:
        yield Advice(
            "TLS 1.0 is switched off, and programs for .NET 2.0 to 3.5 may know nothing newer",
            "The agent's console may not open, and its services may not start or stop. Where that "
            "is so, set the values below to 1 (DWORD) and restart the server.",
            Severity.NOTICE,
            rule="dotnet-2",
            resource=seen.value(OLD_ENABLED).resource_id,
            evidence=[value.evidence for value in wrong],
        )
