"""Have what runs as SYSTEM, as the agent does, take the proxy that was asked for."""

from types import MappingProxyType

from remediate.model.proxy import NO_PROXY, ProxyServer
from remediate.playbook import PROCESS, Advice, Evidence, Field, Playbook, PlaybookParams, Severity
from remediate.resources.internet_settings import POLICIES, SYSTEM
from remediate.resources.mars_agent import INSTALL_PATH, ForAgent
from remediate.resources.registry_value import (
    RegistryData,
    RegistryName,
    RegistryType,
    RegistryValues,
)

NAMES = ("ProxyServer", "ProxyOverride", "AutoConfigURL", "ProxyEnable")
PER_USER = RegistryName(key=POLICIES[0], name="ProxySettingsPerUser")
SAVED = RegistryName(key=rf"{SYSTEM}\Connections", name="DefaultConnectionSettings")
FLAGS = 8  # the byte that says what is in use
MANUAL, SCRIPT = 2, 4


class Params(PlaybookParams):
    server: ProxyServer = Field(
        description="proxy to take, as HOST:PORT without an account, or none"
    )
    bypass: str = Field(
        "",
        max_length=2000,
        pattern=r"^[A-Za-z0-9.:;*<>_\[\]-]*$",
        description="what is reached without the proxy, such as *.contoso.com;<local>; when "
        "empty, what is there is left",
    )


class SystemProxy(ForAgent, Playbook[Params]):
    """The agent runs as SYSTEM, whose proxy is not the one that a person sees in the settings.

    The agent's own proxy (Get-OBMachineSetting) and that of WinHTTP are others, and left alone.
    Windows keeps these settings twice: as values, and packed in DefaultConnectionSettings. What
    the packed ones say is looked at, as far as Microsoft has said what they mean, never written.
    """

    id = "system-proxy"
    title = "Let the SYSTEM account take the proxy that was asked for"
    topic = "connection"
    symptoms = ("backup-service-unreachable",)
    source = "https://learn.microsoft.com/azure/backup/backup-azure-mars-troubleshoot"
    rules = ("per-machine", "group-policy", "account-in-it", "proxy", "saved-otherwise")
    on_demand = True  # there is nothing to hold a host against that nobody has said anything of
    risk = (
        "It is for all that runs as SYSTEM, Windows Update too: with a proxy that does not let it "
        "through, nothing of that reaches the internet."
    )
    example = MappingProxyType({"server": "proxy.contoso.com:8080"})

    def observe(self, params):
        names = (RegistryName(key=key, name=name) for key in (*POLICIES, SYSTEM) for name in NAMES)
        return [RegistryValues(values=(INSTALL_PATH, PER_USER, SAVED, *names))]

    def decide(self, seen, params):
        per_user = seen.value(PER_USER)
        if per_user.data == 0:
            yield Advice(
                "Group Policy has one proxy for all accounts",
                "What SYSTEM has is not used. Computer Configuration > Administrative Templates > "
                'Windows Components > Internet Explorer > "Make proxy settings per-machine" says '
                "so: set the proxy of the machine, or change that.",
                rule="per-machine",
                resource=per_user.resource_id,
            )
            return
        values = {
            (key, name): seen.value(RegistryName(key=key, name=name))
            for key in (*POLICIES, SYSTEM)
            for name in NAMES
        }
        telling = [value for value in values.values() if "@" in (value.text or "")]
        if telling:
            yield Advice(
                "The proxy of the SYSTEM account has an account in its address",
                "Whoever may read the registry may read its password, so nothing of it is shown "
                "or recorded here: take it out there, and give that password a new value.",
                Severity.CRITICAL,
                rule="account-in-it",
                resource=telling[0].resource_id,
            )
            return
        for name, wanted in _wanted(params).items():
            own = values[SYSTEM, name]
            policies = (values[key, name] for key in POLICIES)
            policy = next((value for value in policies if value.value is not None), None)
            if _means((policy or own).value) == _means(wanted):
                continue
            if policy is None:
                yield own.should(rule="proxy", value=wanted, restarts=PROCESS)
                continue
            yield Advice(
                f"Group Policy sets {name}",
                f"It wins over what SYSTEM has: change it there to {wanted or 'nothing'}.",
                rule="group-policy",
                resource=policy.resource_id,
                evidence=(policy.evidence,),
            )
        yield from _saved_otherwise(seen.value(SAVED), params)

    def assumptions(self, params):
        yield "The agent's own proxy, where one is set in its console, wins for its backups."
        yield "The agent sees this once its service is started again."
        yield (
            "WinRM takes no proxy, so nothing here cuts us off, unless we come in through what "
            "runs on the server as SYSTEM, such as a tunnel: have another way in, then."
        )


def _wanted(params):
    """What the values have to be, by name; None is absence."""
    if params.server == NO_PROXY:
        return {"AutoConfigURL": None, "ProxyEnable": _number(0)}
    wanted = {"ProxyServer": _text(params.server)}
    if params.bypass:
        wanted["ProxyOverride"] = _text(params.bypass)
    return wanted | {"AutoConfigURL": None, "ProxyEnable": _number(1)}


def _number(number):
    return RegistryData(type=RegistryType.DWORD, data=number)


def _text(text):
    return RegistryData(type=RegistryType.STRING, data=text)


def _means(held):
    """What a value comes to: names in any case, and what is empty is as if it were not there."""
    data = None if held is None else held.data
    return (data.casefold() if isinstance(data, str) else data) or None


def _saved_otherwise(saved, params):
    """What to do where the packed settings are not those that were asked for."""
    data = saved.value.data if saved.value is not None else None
    if data is None:
        return
    known = isinstance(data, tuple) and len(data) > FLAGS
    wanted = 0 if params.server == NO_PROXY else MANUAL
    if known and data[FLAGS] & (MANUAL | SCRIPT) == wanted:
        return
    around = f'"{params.bypass.replace(";", " ")}"' if params.bypass else "NULL"
    usage = "NO_PROXY" if params.server == NO_PROXY else f"MANUAL_PROXY {params.server} {around}"
    found = f"byte {FLAGS} is {data[FLAGS]:#04x}" if known else "what it says cannot be told"
    yield Advice(
        "SYSTEM's packed connection settings are not those that were asked for",
        f"Some programs go by them. Windows itself writes them with the values (bitsadmin /util "
        f"/setieproxy LOCALSYSTEM {usage}).",
        Severity.NOTICE,
        rule="saved-otherwise",
        resource=saved.resource_id,
        evidence=(Evidence(found, where=saved.title),),
    )
