"""Let the backup task's PowerShell load its module."""

from typing import Literal

from remediate.playbook import Advice, Field, Playbook, PlaybookParams, Severity
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
)

SHELL = r"Microsoft\PowerShell\1\ShellIds\Microsoft.PowerShell"
POLICIES = r"SOFTWARE\Policies\Microsoft\Windows\PowerShell"
SYSTEM = (
    r"HKEY_USERS\S-1-5-18"  # the backup task runs as SYSTEM; the operator's hive is nothing to it
)
MACHINE_POLICY = rf"HKEY_LOCAL_MACHINE\{POLICIES}"
USER_POLICY = rf"{SYSTEM}\{POLICIES}"
LOCAL_MACHINE = rf"HKEY_LOCAL_MACHINE\SOFTWARE\{SHELL}"
CURRENT_USER = rf"{SYSTEM}\SOFTWARE\{SHELL}"
ENVIRONMENT = (  # of the process: the account's own wins over that of all accounts
    rf"{SYSTEM}\Environment",
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
)
PREFERENCE = "PSExecutionPolicyPreference"
PRODUCT = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions"
LETS_RUN = {"remotesigned", "unrestricted", "bypass"}
GROUP_POLICIES = {
    MACHINE_POLICY: r"Computer Configuration",
    USER_POLICY: r"User Configuration (SYSTEM)",
}


def blocks(policy):
    """Whether a policy keeps the module from loading.

    PowerShell takes any text that it does not know, "Undefined" too, for Restricted.
    """
    return policy.lower() not in LETS_RUN


def of_group(enabled, policy):
    """The policy that a Group Policy sets, or None; it needs both values to set one."""
    if str(enabled) == "0":
        return "Restricted"
    return str(policy) if str(enabled) == "1" and policy not in {None, ""} else None


class Params(PlaybookParams):
    policy: Literal["RemoteSigned", "Unrestricted", "Bypass"] = Field(
        "RemoteSigned", description="Policy to set where the one in force blocks the module"
    )


class ExecutionPolicy(ForAgent, Playbook[Params]):
    """The task fails without a word when its execution policy is Restricted or AllSigned.

    Order of precedence: MachinePolicy, UserPolicy, Process (an environment variable), CurrentUser,
    LocalMachine. The agent and its module are 64-bit: 32-bit PowerShell, whose LocalMachine is
    another, is left alone.
    """

    id = "execution-policy"
    title = "Let the backup task's PowerShell load its module"
    topic = "schedule"
    loosens = True
    symptoms = ("schedule-not-running", "execution-policy-blocks")
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("group-policy", "environment-variable", "policy")
    risk = "Local scripts may run afterwards; it is set only where Restricted or AllSigned blocks."

    def observe(self, params):
        scripts = [(key, "EnableScripts") for key in GROUP_POLICIES]
        keys = (*GROUP_POLICIES, CURRENT_USER, LOCAL_MACHINE)
        names = [
            *scripts,
            *((key, PREFERENCE) for key in ENVIRONMENT),
            *((key, "ExecutionPolicy") for key in keys),
            (PRODUCT, "ProductType"),
        ]
        asked = (RegistryName(key=key, name=name) for key, name in names)
        return [RegistryValues(values=(INSTALL_PATH, *asked))]

    def decide(self, seen, params):
        values = {(value.key, value.name): value for value in seen.all(RegistryValue)}
        for key, where in GROUP_POLICIES.items():
            policy = of_group(
                values[key, "EnableScripts"].data, values[key, "ExecutionPolicy"].data
            )
            if policy is None:
                continue
            if blocks(policy):
                yield Advice(
                    f"Group Policy sets {policy}",
                    f"{where} > Administrative Templates > Windows Components > Windows "
                    'PowerShell > "Turn on Script Execution" wins over every setting on the host: '
                    "change it there to allow local scripts and remote signed scripts.",
                    Severity.CRITICAL,
                    rule="group-policy",
                    resource=values[key, "ExecutionPolicy"].resource_id,
                )
            return
        preferred = next((key for key in ENVIRONMENT if values[key, PREFERENCE].text), None)
        if preferred is not None:
            policy = values[preferred, PREFERENCE].text
            if blocks(policy):
                yield Advice(
                    f"An environment variable sets {policy}",
                    f"{PREFERENCE} below {preferred} wins over what is set for accounts and the "
                    "machine: remove it there, then restart the Task Scheduler or the host.",
                    Severity.CRITICAL,
                    rule="environment-variable",
                    resource=values[preferred, PREFERENCE].resource_id,
                )
            return
        unset = "Restricted" if values[PRODUCT, "ProductType"].data == "WinNT" else "RemoteSigned"
        wanted = RegistryData(type=RegistryType.STRING, data=params.policy)
        user = values[CURRENT_USER, "ExecutionPolicy"]
        value = user if user.text else values[LOCAL_MACHINE, "ExecutionPolicy"]
        policy = value.text or unset
        if blocks(policy):
            yield value.should(
                rule="policy",
                value=wanted,
                why=f"{policy} keeps the backup task from loading its module.",
            )

    def assumptions(self, params):
        yield "The task's own command line may set another policy, which would win."
        if params.policy != "RemoteSigned":
            yield f"WARNING: {params.policy} also runs unsigned scripts from the internet."
