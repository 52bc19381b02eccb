"""What a connection has, the command line takes and an inventory may say: it is told once."""

from pathlib import Path

import click
import pytest

from remediate.cli.reaching import connection_options
from remediate.inventory.opening import open_inventory
from remediate.model.host import SETTINGS, Connection, Host, Setting

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
