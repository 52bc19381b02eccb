"""What a connection has, the command line takes and an inventory may say: it is told once."""

from functools import reduce
from pathlib import Path

import click
import pytest

from remediate.cli.connecting import connection_options
from remediate.cli.reaching import contradiction, reached
from remediate.cli.stop import Stop
from remediate.cli.whence import origins
from remediate.inventory.opening import open_inventory
from remediate.inventory.protocol import InventoryHost, Said
from remediate.model.connection import SETTINGS, Connection, Setting
from remediate.model.host import Host

WRITTEN = {
    "user": "ada",
    "password": "env:X",
    "auth": "ntlm",
    "port": "5986",
    "tls": "true",
    "ca_file": "/a/ca.pem",
    "tls_pin": "sha256:" + 32 * "0f",
    "proxy": "proxy.contoso.com:3128",
    "transport": "winrs",
    "configuration_name": "PowerShell.7",
    "cert_file": "/a/cert.pem",
    "key_file": "/a/key.pem",
    "keytab": "/a/ada.keytab",
    "kerberos_host": "srv01.contoso.test",
    "kerberos_service": "HTTP",
    "insecure": "false",
}
"""A value of each, as one would write it."""


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_an_option_with_its_help(setting: Setting) -> None:
    options = {option.name: option for option in connection_options()}
    assert (setting.name in options) is not (setting.typed.written or setting.name == "password")
    if setting.typed.written:
        return
    option = options["password_from" if setting.name == "password" else setting.name]
    assert (option.help or "").startswith(setting.about)
    assert setting.typed.default in (option.help or "")
    if isinstance(option.type, click.Choice):
        assert list(option.type.choices) == sorted(setting.kind)  # type: ignore[call-overload]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_is_a_key_of_inventories(setting: Setting, tmp_path: Path) -> None:
    path = tmp_path / "hosts.yaml"
    path.write_text(f"hosts:\n  A: {{{setting.name}: '{WRITTEN[setting.name]}'}}\n")
    [entry] = open_inventory(path).entries()
    said = entry.connection.said()
    assert list(said) == [setting.name]
    assert type(said[setting.name]) is setting.kind or isinstance(said[setting.name], Path)


def test_a_host_leaves_nothing_of_its_connection_open() -> None:
    host = Host(name="A", address="a", port=5985)
    assert set(Connection.model_fields) <= set(Host.model_fields)
    assert (host.tls, host.auth, host.insecure) == (False, "negotiate", False)


FORMS: dict[str, dict[str, object]] = {
    "keytab": {"auth": "kerberos", "keytab": "/k"},
    "ticket": {"auth": "kerberos"},
    "password": {"auth": "ntlm", "password": "env:X"},
    "certificate": {"auth": "certificate", "cert_file": "/c", "key_file": "/k", "tls": True},
    "basic": {"auth": "basic", "tls": True},
    "pin": {"tls": True, "tls_pin": WRITTEN["tls_pin"]},
    "authority": {"tls": True, "ca_file": "/a"},
    "proxy": {"tls": True, "proxy": "p:3128"},
    "winrs": {"transport": "winrs"},
    "endpoint": {"configuration_name": "PowerShell.7"},
    "plain": {"tls": False},
}
"""Each is whole by itself; what a host says counts more than what the defaults say."""

PROTECTED = {"certificate", "basic", "pin", "proxy"}
"""Those that want TLS: where a host is to do without, this is said instead of done."""


def test_what_cannot_be_used_with_what_a_host_says_itself_gives_way() -> None:
    refused = set()
    for near, mine in FORMS.items():
        for far, theirs in FORMS.items():
            connection = Connection.model_validate(mine).over(Connection.model_validate(theirs))
            assert connection.said().items() >= Connection.model_validate(mine).said().items()
            if contradiction(InventoryHost("h.test", "h.test", connection)):
                refused.add((near, far))
    assert refused == {("plain", far) for far in PROTECTED}


@pytest.mark.parametrize(
    ("both", "says"),
    [
        ({"auth": "certificate", "cert_file": "/c", "key_file": "/k", "keytab": "/k"}, "a keytab"),
        ({"auth": "kerberos", "keytab": "/k", "password": "env:X"}, "a keytab and a password"),
        ({"transport": "winrs", "configuration_name": "X"}, "the command shell (winrs) knows no"),
        ({"ca_file": "/a", "tls_pin": WRITTEN["tls_pin"]}, "a pin and an authority"),
    ],
)
def test_what_contradicts_itself_in_one_place_is_refused(
    both: dict[str, object], says: str
) -> None:
    connection = Connection.model_validate({"tls": True, **both})
    assert contradiction(InventoryHost("h.test", "h.test", connection)).startswith(says)


def test_a_setting_that_gave_way_is_nobodys_origin() -> None:
    places = {
        "host": {"configuration_name": "X"},
        "group g": {"transport": "winrs"},
        "defaults": {"transport": "psrp"},
    }
    said = tuple(Said(where, Connection.model_validate(one)) for where, one in places.items())
    merged = reduce(Connection.over, (one.connection for one in said))
    entry = InventoryHost("h", "h", merged, said=said)
    options = {"passwords_only": None, "user": "ada", "password_from": "prompt:"}
    host = reached(entry, options, named=False, interactive=True)
    assert origins(entry, options, host, named=False)["transport"] == "defaults"


def whoever(said: dict[str, object], platform: str = "win32", **options: object) -> Host:
    """A host as this controller reaches it, with nobody at a terminal."""
    entry = InventoryHost("h.test", "h.test", Connection.model_validate(said))
    return reached(
        entry,
        {"passwords_only": None, **options},
        named=False,
        interactive=False,
        platform=platform,
    )


@pytest.mark.parametrize("auth", [None, "negotiate", "kerberos"])
def test_on_windows_who_names_nobody_logs_on_as_whoever_runs_this(
    auth: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    host = whoever({"auth": auth})
    assert (host.user, host.password, host.as_whoever_runs_this) == (None, None, True)
    with pytest.raises(Stop, match="no password is given"):
        whoever({"auth": auth, "user": "ada"})
    with pytest.raises(Stop, match="no user is given"):
        whoever({"auth": auth}, password_from="env:X")
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    with pytest.raises(Stop, match="no user is given") as caught:
        whoever({"auth": auth})
    assert "unset REMEDIATE_PASSWORD to log on as whoever runs this" in caught.value.hint


@pytest.mark.parametrize("auth", ["basic", "ntlm"])
def test_on_windows_a_password_is_needed_where_it_is_proved_by_itself(
    auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    with pytest.raises(Stop, match="no password is given"):
        whoever({"auth": auth, "tls": True})


def test_elsewhere_only_kerberos_knows_whoever_runs_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    for user in (None, "ada@CONTOSO.COM"):
        assert whoever({"auth": "kerberos", "user": user}, "linux").password is None
    with pytest.raises(Stop, match="no password is given"):
        whoever({}, "linux")
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    with pytest.raises(Stop, match="no user is given") as caught:
        whoever({}, "darwin")
    assert caught.value.hint == "Name the account with --user."
