"""What Ansible's variables of a host say of the connection to it.

Those of its connections `winrm` and `psrp` are understood, in Ansible's order of precedence; others
are nobody's business here.

Source: Ansible's documentation of the connection plugins ansible.builtin.winrm and
ansible.builtin.psrp.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

from remediate.errors import RemediateError
from remediate.inventory.protocol import Trust
from remediate.inventory.settings import Settings
from remediate.model.address import check_address
from remediate.model.connection import HTTP_PORT, HTTPS_PORT, Auth, KerberosService
from remediate.model.text import check_text
from remediate.secrets.held import hold

_OURS = ("winrm", "psrp")
_LOST = "\N{REPLACEMENT CHARACTER}?\ufeff"
"""In a name: letters that were lost on the way, or the mark of a file taken for a letter."""

_AUTH = {
    **{auth.value: auth for auth in Auth},
    "plaintext": Auth.BASIC,
    "ssl": Auth.BASIC,
}
_SERVICES = {service.casefold(): service.value for service in KerberosService}


class _Variable(NamedTuple):
    """A setting of ours, and the variables that say it, the strongest first."""

    setting: str
    names: Mapping[str, Sequence[str]]


def _same(setting: str, *, winrm: Sequence[str], psrp: Sequence[str]) -> _Variable:
    return _Variable(setting, {"winrm": winrm, "psrp": psrp})


_TEXTS = (
    _same(
        "user",
        winrm=["ansible_winrm_user", "ansible_user", "ansible_ssh_user"],
        psrp=["ansible_psrp_user", "ansible_user", "ansible_ssh_user"],
    ),
    _same("ca_file", winrm=["ansible_winrm_ca_trust_path"], psrp=["ansible_psrp_ca_cert"]),
    _same("cert_file", winrm=["ansible_winrm_cert_pem"], psrp=["ansible_psrp_certificate_pem"]),
    _same(
        "key_file",
        winrm=["ansible_winrm_cert_key_pem"],
        psrp=["ansible_psrp_certificate_key_pem"],
    ),
    _same(
        "kerberos_host",
        winrm=["ansible_winrm_kerberos_hostname_override"],
        psrp=["ansible_psrp_negotiate_hostname_override"],
    ),
    _same(
        "kerberos_service",
        winrm=["ansible_winrm_service"],
        psrp=["ansible_psrp_negotiate_service"],
    ),
    _same("configuration_name", winrm=[], psrp=["ansible_psrp_configuration_name"]),
    _same("proxy", winrm=["ansible_winrm_proxy"], psrp=["ansible_psrp_proxy"]),
)
_PASSWORD = ["ansible_winrm_password", "ansible_winrm_pass", "ansible_password", "ansible_ssh_pass"]
"""For both; psrp has no variable of its own."""


_T = TypeVar("_T")


class VariableError(RemediateError):
    """A variable cannot be used; the text is for people and repeats no value."""


def connection_of(variables: Mapping[str, Any]) -> str:
    """By which connection of ours a host is reached; empty for another, or none."""
    how = variables.get("ansible_connection")
    how = how.get("__ansible_unsafe") if isinstance(how, dict) else how
    how = how.rpartition(".")[2] if isinstance(how, str) else None
    return how if how in _OURS else ""


class HostVariables:
    """The variables of one host.

    Args:
        name: what Ansible calls it.
        variables: its variables.
        settings: reads what they say.
        trust: how far they are believed.
    """

    def __init__(
        self, name: str, variables: Mapping[str, Any], settings: Settings, trust: Trust
    ) -> None:
        self._name = name
        self._variables = variables
        self._settings = settings
        self._trust = trust
        self.mistakes: list[str] = []
        self.unchecked = False
        self.connection = connection_of(variables)

    def read(self) -> tuple[dict[str, object], str]:
        """What is said of the connection, and the address; mistakes are kept."""
        said: dict[str, object] = {}
        address = ""
        for step in (self._texts, self._port, self._auth, self._password):
            self._try(partial(step, said))
        if found := self._try(self._address):
            address = found
        self._try(self._certificates)
        self._try(partial(self._fits, said))
        return said, address

    def _try(self, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except (ValueError, VariableError) as error:
            self.mistakes.append(str(error))
        return None

    def _address(self) -> str:
        if any(char in self._name for char in _LOST):
            raise VariableError("its name has lost letters: save the file as UTF-8, without a mark")
        check_text(self._name, "name of a host")
        kind = self.connection
        found = self._text([f"ansible_{kind}_host", "ansible_host", "ansible_ssh_host"])
        return check_address(found[1]) if found else check_address(self._name)

    def _texts(self, said: dict[str, object]) -> None:
        for setting, names in _TEXTS:
            found = self._text(names[self.connection])
            if found is None:
                continue
            if setting not in self._settings:
                raise VariableError(f"{found[0]} cannot be followed here")
            text = found[1]
            if setting == "kerberos_service":  # which is the same in any case
                text = _SERVICES.get(text.casefold(), text)
            said[setting] = self._settings.read(setting, text)

    def _port(self, said: dict[str, object]) -> None:
        """Ansible speaks HTTPS unless it is told otherwise, by port or scheme."""
        kind = self.connection
        names = [f"ansible_{kind}_port", "ansible_port", "ansible_ssh_port"]
        name, value = self._value(names) or ("", HTTPS_PORT)
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise VariableError(f"{name} is no number")
        port = self._settings.read("port", str(value))
        scheme = self._text(
            ["ansible_winrm_scheme" if kind == "winrm" else "ansible_psrp_protocol"]
        )
        if scheme and scheme[1] not in {"http", "https"}:
            raise VariableError(f"{scheme[0]} is http or https")
        http = scheme[1] == "http" if scheme else port == HTTP_PORT
        if not name and scheme and http:
            port = HTTP_PORT if kind == "psrp" else HTTPS_PORT
        said |= {"port": port, "tls": not http}
        path = self._text([f"ansible_{kind}_path"])
        if path and path[1].strip("/") != "wsman":
            raise VariableError(f"{path[0]} is not wsman, and cannot be followed here")

    def _auth(self, said: dict[str, object]) -> None:
        names = ["ansible_winrm_transport" if self.connection == "winrm" else "ansible_psrp_auth"]
        found = self._value(names)
        if found is None:
            return
        name, value = found
        values = value if isinstance(value, list) else str(value).split(",")
        if len(values) != 1:
            raise VariableError(f"{name} has several values: write the one that is to be used")
        word = str(values[0]).strip().lower()
        if word not in _AUTH:
            known = ", ".join(sorted(_AUTH))
            raise VariableError(f"{name} is none of {known}, so it cannot be followed here")
        if word == "ssl" and said.get("tls") is False:
            raise VariableError(f"{name} is ssl, and its port or scheme says HTTP")
        said["auth"] = _AUTH[word]

    def _password(self, said: dict[str, object]) -> None:
        found = self._text(_PASSWORD)
        if found is None or said.get("auth") is Auth.CERTIFICATE:
            return
        if only := self._trust.only_password:
            raise VariableError(f"{found[0]} is a password; --passwords-only allows {only}")
        if not found[1]:
            raise VariableError(f"{found[0]} is empty")
        said["password"] = hold(self._name, found[1])

    def _certificates(self) -> None:
        kind = self.connection
        setting = "server_cert_validation" if kind == "winrm" else "cert_validation"
        found = self._text([f"ansible_{kind}_{setting}"])
        if found and found[1] not in {"validate", "ignore"}:
            raise VariableError(f"{found[0]} is validate or ignore")
        self.unchecked = bool(found and found[1] == "ignore")
        ignore = self._value(["ansible_psrp_ignore_proxy"]) if kind == "psrp" else None
        if ignore and str(ignore[1]).lower() not in {"true", "false", "yes", "no"}:
            raise VariableError(f"{ignore[0]} is true or false")

    @staticmethod
    def _fits(said: dict[str, object]) -> None:
        if said.get("auth") is Auth.CERTIFICATE and not said.keys() >= {"cert_file", "key_file"}:
            raise VariableError("it logs on with a certificate, and its files are not said")
        if said.get("auth") is Auth.CERTIFICATE and said.get("tls") is False:
            raise VariableError("it logs on with a certificate, and its port or scheme says HTTP")

    def _text(self, names: Sequence[str]) -> tuple[str, str] | None:
        """The first of some variables that is there, which has to be a text."""
        found = self._value(names)
        if found is not None and not isinstance(found[1], str):
            raise VariableError(f"{found[0]} is no text: put it in quotes in the inventory")
        return found

    def _value(self, names: Sequence[str]) -> tuple[str, Any] | None:
        """The first of some variables that is there, unwrapped."""
        for name in names:
            if name not in self._variables or self._variables[name] is None:
                continue
            value = self._variables[name]
            if isinstance(value, dict) and "__ansible_unsafe" in value:
                return name, value["__ansible_unsafe"]
            if isinstance(value, dict) and "__ansible_vault" in value:
                raise VariableError(f"{name} is encrypted: Ansible had no password of the vault")
            if isinstance(value, str) and ("{{" in value or "{%" in value):
                raise VariableError(f"{name} is a template, which only a play can fill in")
            return name, value
        return None
