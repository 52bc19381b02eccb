r"""What a host reaches on the network. Windows' state has `network`: names, and how far it gets.

In short, by name: `{login.windows.net: {stage: connect, error: 10061}}`. What is not named is
reached. The proxy of a host is in its registry.
"""

import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import short_form
from remediate.lab.kinds.registry_value import value_of
from remediate.lab.state import HostState, Record
from remediate.model.base import Model
from remediate.resources.network_probe import HostName, ProxyFrom, Stage

HEALTHY: dict[str, Any] = {"login.microsoftonline.com": {}}
_BELOW = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
_POLICY = (
    r"HKLM\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings"
    r"\ProxySettingsPerUser"
)


class _Short(Model):
    """A name.

    Args:
        addresses: what it comes to.
        stage: how far an attempt gets.
        error: number of what ends it.
        protocol: version of TLS.
        issuer: of the server's certificate.
        distrust: why Windows does not trust it.
    """

    addresses: tuple[str, ...] = ("20.190.128.1",)
    stage: Stage = Stage.DONE
    error: int | None = None
    protocol: str = "Tls12"
    issuer: str = "CN=Microsoft Azure RSA TLS Issuing CA 03, O=Microsoft Corporation, C=US"
    distrust: int = 0


_SHORT = TypeAdapter(dict[HostName, _Short])


def state(host: HostState, short: object) -> None:
    """Put these names in the place of those that are known."""
    host.windows["network"] = {
        name: one.model_dump(mode="json") for name, one in short_form(_SHORT, short).items()
    }


def read(
    host: HostState, names: Iterable[str] | None = None, proxy: str = "", port: int = 443
) -> Iterator[Record]:
    """An attempt for each of these names; or for all that are known."""
    known = host.windows.get("network", {})
    way = proxy_of(host, proxy)
    for name in known if names is None else names:
        said = _Short.model_validate(known.get(name, {})).model_dump(mode="json")
        if said["stage"] != Stage.DONE:
            said |= {"protocol": "", "issuer": "", "distrust": 0}
        passed = any(fnmatchcase(name.lower(), one.lower()) for one in way["bypass"])
        through = way["proxy"] and not passed
        yield {
            "name": name,
            "port": port,
            "proxy": way["proxy"] if through else "",
            "proxy_from": way["from"] if through else ProxyFrom.NOWHERE.value,
            **said,
        }


def proxy_of(host: HostState, own: str) -> Record:
    """The proxy of a host; the twin of `Get-RemediateProxy`."""
    if own:
        return {"proxy": own, "from": "given", "bypass": []}
    system = "HKLM" if _data(host, _POLICY) == 0 else r"HKU\S-1-5-18"
    found = _text(_data(host, rf"{system}\{_BELOW}\ProxyServer"))
    if _data(host, rf"{system}\{_BELOW}\ProxyEnable") == 1 and found:
        bypass = _data(host, rf"{system}\{_BELOW}\ProxyOverride") or ""
        return {"proxy": found, "from": "system", "bypass": re.split("[; ]+", str(bypass))}
    said = bytes(_data(host, rf"HKLM\{_BELOW}\Connections\WinHttpSettings") or [])
    if len(said) > 16 and said[8] & 2:  # noqa: PLR2004 - a header of four numbers
        end = 16 + int.from_bytes(said[12:14], "little")
        found = _text(said[16:end].decode("latin-1")) if end <= len(said) else None
        if found:
            rest = bytes(byte for byte in said[end + 4 :] if 32 <= byte < 127)  # noqa: PLR2004 - text
            bypass = re.split("[; ]+", rest.decode())
            return {"proxy": found, "from": "winhttp", "bypass": bypass}
    return {"proxy": "", "from": "nowhere", "bypass": []}


def _data(host: HostState, path: str) -> Any:  # noqa: ANN401 - whatever a value holds
    found = value_of(host, path)
    return None if found is None else found["data"]


def _text(text: object) -> str | None:
    """Host and port of a proxy in the form that Windows keeps."""
    parts = [part for part in re.split("[; ]+", str(text or "")) if part]
    own = [part for part in parts if part.lower().startswith("https=")]
    own += [part for part in parts if "=" not in part]
    if not own:
        return None
    bare = re.sub("/.*$", "", re.sub("^https?://", "", re.sub("^https=", "", own[0])))
    if re.fullmatch(r"[A-Za-z0-9.-]{1,253}:\d{1,5}", bare):
        return bare
    return f"{bare}:80" if re.fullmatch(r"[A-Za-z0-9.-]{1,253}", bare) else None
