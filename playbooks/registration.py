"""Say which vault the server is registered with, and whether its name still is what that knows."""

from remediate.playbook import Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import (
    CONFIG,
    INSTALLED,
    REGISTRATION,
    VAULT,
    ForAgent,
    is_backup_server,
    is_registered,
)
from remediate.resources.registry_value import RegistryName, RegistryValues

GROUP = RegistryName(key=CONFIG, name="ResourceGroupName")
SUBSCRIPTION = RegistryName(key=CONFIG, name="SubscriptionId")
CONTROL = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet"
NAMES = rf"{CONTROL}\Control\ComputerName"
NETWORK = rf"{CONTROL}\Services\Tcpip\Parameters"
HOST = RegistryName(key=NETWORK, name="Hostname")
DOMAIN = RegistryName(key=NETWORK, name="Domain")
AFTER_RESTART = (  # what is so now, and what will be
    (
        RegistryName(key=rf"{NAMES}\ActiveComputerName", name="ComputerName"),
        RegistryName(key=rf"{NAMES}\ComputerName", name="ComputerName"),
    ),
    (DOMAIN, RegistryName(key=NETWORK, name="NV Domain")),
)
AGAIN = (
    "To register it again, in this order: leave its old entry in the vault, as older data is "
    "restored from that; remove the agent and install the newest; download the vault's "
    "credentials, which are valid for ten days, and register; give the same passphrase as before, "
    "without which what was backed up until now cannot be read. The first backup is a full one; "
    "older data comes back as a restore to another location. Delete the old entry only when "
    "nothing of it is needed any more."
)


class Params(PlaybookParams):
    vault: str = Field("", description="Name of the vault that it has to be registered with")
    registered_as: str = Field(
        "", description="Name of the server in the vault, with its domain or without"
    )
    say_which: bool = Field(
        default=False, description="Say which vault it is, although nothing is wrong"
    )


class Registration(ForAgent, Playbook[Params]):
    """A server that is renamed, or joins or leaves a domain, is not backed up any more.

    The vault knows it by the name that it had. That name is not on the host: give it as it stands
    in the vault. A rename that only waits for a restart is found without.
    """

    id = "registration"
    title = "Say which vault the server is registered with, and under which name"
    topic = "agent"
    only_looks = True
    symptoms = ("vault-credentials-of-other-vault", "server-renamed")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = (
        "not-registered",
        "vault-unknown",
        "other-vault",
        "renamed",
        "rename-pending",
        "registered-with",
    )

    def observe(self, params):
        pending = (name for pair in AFTER_RESTART for name in pair)
        values = (*INSTALLED, *REGISTRATION, GROUP, SUBSCRIPTION, HOST, DOMAIN, *pending)
        return [RegistryValues(values=tuple(dict.fromkeys(values)))]

    def decide(self, seen, params):
        if not is_registered(seen):
            yield Advice(
                "The server is not registered with a vault",
                f"{console(seen)} > Register Server, with credentials that were downloaded from "
                "the vault within the last ten days. Keep the passphrase elsewhere than on this "
                "server. Where it was registered before, give the same passphrase.",
                rule="not-registered",
            )
            return
        vault = seen.value(VAULT)
        where = list(evidence(seen))
        if not vault.text and (params.vault or params.say_which):
            yield Advice(
                "The agent does not say which vault the server is registered with",
                "Look in the portal for the vault that has it, or ask Microsoft's support, which "
                f"tells it by the values ResourceId and MachineId of {CONFIG}.",
                rule="vault-unknown",
                resource=vault.resource_id,
                evidence=where,
            )
        elif params.vault and not same(params.vault, vault.text):
            yield Advice(
                f"The server is registered with vault {vault.text}, not {params.vault}",
                f"Credentials of another vault are refused (100110). {AGAIN}",
                rule="other-vault",
                resource=vault.resource_id,
                evidence=where,
            )
        name = full_name(seen)
        known = name if "." in params.registered_as else name.partition(".")[0]
        if params.registered_as and not same(params.registered_as, known):
            yield Advice(
                f"The server is now {known}; the vault knows it as {params.registered_as}",
                "Backups of a server whose name or domain has changed fail (230006). Give it the "
                f"old name again, or register it again. {AGAIN}",
                Severity.CRITICAL,
                rule="renamed",
                evidence=where,
            )
        for now, then in AFTER_RESTART:
            if not same(text(seen, now), text(seen, then)):
                yield Advice(
                    "The server gets another name or domain when it is restarted",
                    "Its backups fail from then on (230006). If that is not meant, take the "
                    f"rename back before the restart. {AGAIN}",
                    rule="rename-pending",
                    resource=seen.value(then).resource_id,
                    evidence=[
                        Evidence(f"now {text(seen, now) or 'none'}", where=str(now)),
                        Evidence(f"then {text(seen, then) or 'none'}", where=str(then)),
                        *where,
                    ],
                )
        if params.say_which and vault.text:
            yield Advice(
                f"The server is registered with vault {vault.text}",
                f"It is managed in the portal, and here in {console(seen)}.",
                Severity.NOTICE,
                rule="registered-with",
                resource=vault.resource_id,
                evidence=where,
            )


def same(one, other):
    return one.casefold() == other.casefold()


def text(seen, name):
    return seen.value(name).text or ""


def full_name(seen):
    """The server's name with its domain, as far as the network knows one."""
    host, domain = text(seen, HOST) or seen.facts.computer.name, text(seen, DOMAIN)
    return f"{host}.{domain}" if domain else host


def console(seen):
    return "The backup server's console" if is_backup_server(seen) else "The Azure Backup console"


def evidence(seen):
    named = {"vault": VAULT, "resource group": GROUP, "subscription": SUBSCRIPTION}
    for what, name in named.items():
        yield Evidence(f"{what} {text(seen, name) or 'unknown'}", where=CONFIG)
    yield Evidence(f"server {full_name(seen)}")
