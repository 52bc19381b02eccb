"""Where Windows keeps the internet settings of the SYSTEM account, as which the agent runs."""

from remediate.resources.registry_value import RegistryName

_SETTINGS = r"Microsoft\Windows\CurrentVersion\Internet Settings"
SYSTEM = rf"HKEY_USERS\S-1-5-18\Software\{_SETTINGS}"
MACHINE = rf"HKEY_LOCAL_MACHINE\SOFTWARE\{_SETTINGS}"
"""For all accounts, where one has nothing of its own."""
POLICIES = (
    rf"HKEY_LOCAL_MACHINE\SOFTWARE\Policies\{_SETTINGS}",
    rf"HKEY_USERS\S-1-5-18\Software\Policies\{_SETTINGS}",
)
"""In the order in which they win, over what accounts have."""
MACHINE_ONLY = RegistryName(key=POLICIES[0], name="Security_HKLM_only")
"""1: the zones of accounts are not used, only those of the machine."""
HARDENED = tuple(RegistryName(key=rf"{key}\ZoneMap", name="IEHarden") for key in (SYSTEM, MACHINE))
"""1: Enhanced Security Configuration is on; the first that is there says it."""
