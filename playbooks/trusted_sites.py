"""Have the SYSTEM account, as which the agent runs, trust the sites of Azure Backup."""

from itertools import chain

from remediate.playbook import PROCESS, Advice, Playbook, PlaybookParams, Severity
from remediate.resources.internet_settings import (
    HARDENED,
    MACHINE,
    MACHINE_ONLY,
    POLICIES,
    SYSTEM,
)
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValue,
    RegistryValues,
)

SITES = {
    "https://*.microsoft.com": ("microsoft.com", "https"),
    "https://*.microsoftonline.com": ("microsoftonline.com", "https"),
    "https://*.windows.net": ("windows.net", "https"),
    "https://*.windowsazure.com": ("windowsazure.com", "https"),
    "http://www.msftconnecttest.com": (r"msftconnecttest.com\www", "http"),
    "http://www.msftncsi.com": (r"msftncsi.com\www", "http"),
}
"""As a person writes them, each with its key below a list of sites and its value there."""
ANY = "*"
"""A value that is for each scheme."""
INTRANET, TRUSTED = 1, 2
LISTS = {False: "Domains", True: "EscDomains"}
"""Which list is used, by whether Enhanced Security Configuration is on."""
MANAGED = tuple(RegistryName(key=key, name="ListBox_Support_ZoneMapKey") for key in POLICIES)
"""1: a policy has a list of sites."""


def entries(account, list_, site):
    """The values that may say of which zone a site is, in the order in which they win."""
    key, scheme = SITES[site]
    return [
        RegistryName(key=rf"{account}\ZoneMap\{list_}\{key}", name=name) for name in (scheme, ANY)
    ]


def of_policies(site):
    """The same of policies, where a site stands as a person writes it, with its scheme or not."""
    names = (site, site.partition("://")[2])
    return [RegistryName(key=rf"{key}\ZoneMapKey", name=name) for key in POLICIES for name in names]


class TrustedSites(ForAgent, Playbook[PlaybookParams]):
    """Error 100050 may mean that Azure's sites have to be among the trusted ones of SYSTEM.

    A site of the local intranet may do what a trusted one may, and is left there. Not among them is
    *.blob.storage.azure.net, whose key would have a wildcard in its name: add it by hand.
    """

    id = "trusted-sites"
    title = "Let the SYSTEM account trust the sites of Azure Backup"
    topic = "connection"
    symptoms = ("backup-service-unreachable",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("group-policy", "machine-only", "not-trusted")
    on_demand = True  # the guide has it as what might also help, not as a state of every server
    risk = "What runs as SYSTEM may do more with what it gets from these sites, of anybody there."

    def observe(self, params):
        own = (
            name
            for account in (SYSTEM, MACHINE)
            for list_ in LISTS.values()
            for site in SITES
            for name in entries(account, list_, site)
        )
        policies = (name for site in SITES for name in of_policies(site))
        asked = (INSTALL_PATH, MACHINE_ONLY, *HARDENED, *MANAGED, *own, *policies)
        return [RegistryValues(values=asked)]

    def decide(self, seen, params):
        values = {(value.key, value.name): value for value in seen.all(RegistryValue)}

        def first(names):
            """The first of some values that is there."""
            found = (values[name.key, name.name] for name in names)
            return next((value for value in found if value.value is not None), None)

        hardened, machine_only = first(HARDENED), first([MACHINE_ONLY])
        only = machine_only is not None and machine_only.data == 1
        managed = next(
            (one for name in MANAGED if (one := values[name.key, name.name]).data == 1), None
        )
        list_ = LISTS[hardened is not None and hardened.data == 1]
        wrong = []
        for site in SITES:
            own = (entries(account, list_, site) for account in (SYSTEM, MACHINE)[only:])
            said = first([*of_policies(site), *chain.from_iterable(own)])
            if said is None or str(said.data) not in {str(INTRANET), str(TRUSTED)}:
                wrong.append(site)
        if not wrong:
            return
        if managed is not None:
            yield Advice(
                "Group Policy says which sites are trusted",
                "Administrative Templates > Windows Components > Internet Explorer > Internet "
                'Control Panel > Security Page > "Site to Zone Assignment List": add there, for '
                f"zone {TRUSTED}, {', '.join(wrong)}.",
                rule="group-policy",
                resource=managed.resource_id,
                evidence=(managed.evidence,),
            )
        elif only:
            yield Advice(
                "Only the machine's list of trusted sites is used",
                "Group Policy has it so (Security_HKLM_only), and it is the same for all accounts: "
                f"trust there, or in that policy, {', '.join(wrong)}.",
                rule="machine-only",
                resource=machine_only.resource_id,
                evidence=(machine_only.evidence,),
            )
        else:
            for site in wrong:
                name = entries(SYSTEM, list_, site)[0]
                yield values[name.key, name.name].should(
                    rule="not-trusted",
                    value=RegistryData(type=RegistryType.DWORD, data=TRUSTED),
                    severity=Severity.NOTICE,
                    why=f"The agent may not reach {site}, and say 100050.",
                    restarts=PROCESS,
                )

    def assumptions(self, params):
        yield "The agent sees this once its service is started again."
