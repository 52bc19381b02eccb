"""How a host is reached follows from the options and the inventory, the nearest first."""

from pathlib import Path
from typing import Any

import pytest

from remediate.cli.reaching import reference
from remediate.cli.stop import Stop
from remediate.cli.targets import inventory, peers, select_hosts
from remediate.inventory.protocol import InventoryHost
from remediate.model.connection import Auth, Connection
from remediate.model.host import Host
from remediate.testing.inventory import ListedInventory

NAMES = ("inventory", "password_from", "user", "auth", "port", "tls", "ca_file", "cert_file")
NOTHING: dict[str, Any] = {
    **dict.fromkeys(NAMES),
    "key_file": None,
    "insecure": None,
    "passwords_only": None,
    "allow_open_files": False,
    "hosts": (),
    "groups": (),
    "limits": (),
}


def hosts(**options: object) -> tuple[Host, ...]:
    given = {**NOTHING, "user": "u", **options}
    return select_hosts(given, inventory(given), interactive=True)


def one(**options: object) -> Host:
    (host,) = hosts(**options)
    return host


@pytest.mark.parametrize(
    ("given", "port", "tls"),
    [
        ({"hosts": ["SRV"]}, 5985, False),
        ({"hosts": ["SRV"], "tls": True}, 5986, True),
        ({"hosts": ["SRV:5986"]}, 5986, True),
        ({"hosts": ["SRV"], "port": 443}, 443, True),
        ({"hosts": ["SRV"], "port": 5986, "tls": False}, 5986, False),
        ({"hosts": ["SRV:1234"], "port": 9}, 1234, False),
        ({"hosts": ["[::1]:1234"], "tls": True}, 1234, True),
    ],
)
def test_port_and_tls_follow_from_each_other(
    given: dict[str, object], port: int, tls: bool
) -> None:
    host = one(**given)
    assert (host.port, host.tls) == (port, tls)


@pytest.mark.parametrize(
    ("given", "variable", "password"),
    [
        ({}, False, None),  # the ticket of whoever types it, and nobody is asked
        ({"user": None}, False, None),
        ({}, True, "env:REMEDIATE_PASSWORD"),
        ({"password_from": "env:MINE"}, False, "env:MINE"),
        ({"keytab": Path("/k"), "user": None}, True, None),
    ],
)
def test_kerberos_takes_a_keytab_before_a_password_and_that_before_a_ticket(
    given: dict[str, object],
    variable: bool,
    password: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD", raising=False)
    if variable:
        monkeypatch.setenv("REMEDIATE_PASSWORD", "p")
    assert one(hosts=["SRV"], auth="kerberos", **given).password == password


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"auth": "negotiate", "keytab": Path("/k")}, "a keytab is given, and negotiate"),
        ({"auth": "ntlm", "keytab": Path("/k")}, "a keytab is given, and ntlm takes none"),
        ({"keytab": Path("/k"), "password_from": "env:MINE"}, "a keytab and a password"),
        ({"hosts": ["10.0.0.1"]}, "Kerberos knows hosts by name"),
    ],
)
def test_settings_of_kerberos_that_cannot_work_are_refused(
    given: dict[str, object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "p")
    with pytest.raises(Stop, match=told):
        one(**{"hosts": ["SRV"], "auth": "kerberos", **given})


def test_a_password_for_kerberos_needs_a_user() -> None:
    with pytest.raises(Stop, match="no user is given for SRV"):
        one(hosts=["SRV"], auth="kerberos", user=None, password_from="env:MINE")


def test_a_host_is_called_what_was_typed_and_counts_once() -> None:
    names = [host.name for host in hosts(hosts=["SRV:5986", " SRV", "SRV", "::1"])]
    assert names == ["SRV:5986", "SRV", "::1"]


def test_one_server_under_two_names_is_refused() -> None:
    """A run would find the lease held by itself."""
    with pytest.raises(Stop, match="SRV and srv:5985 are the same server"):
        hosts(hosts=["SRV", "srv:5985"])


def test_what_was_not_said_is_negotiate_with_the_usual_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REMEDIATE_PASSWORD", "x")
    assert one(hosts=["SRV"]).auth is Auth.NEGOTIATE
    assert one(hosts=["SRV"]).password == "env:REMEDIATE_PASSWORD"
    monkeypatch.delenv("REMEDIATE_PASSWORD")
    assert one(hosts=["SRV"]).password == "prompt:"


def test_options_count_more_than_the_inventory(tmp_path: Path) -> None:
    path = tmp_path / "inv.yaml"
    path.write_text("hosts: {A: {user: a, port: 1, auth: ntlm}}\ndefaults: {user: d}\n")
    assert one(inventory=path, user=None).user == "a"
    host = one(inventory=path, user="typed", port=2)
    assert (host.user, host.port, host.auth) == ("typed", 2, Auth.NTLM)


def test_the_inventory_is_read_once_for_hosts_and_those_that_are_copied_from(
    tmp_path: Path,
) -> None:
    (tmp_path / "inv.yaml").write_text("hosts: {A: {port: 1}, B: {port: 2}}")
    options = {**NOTHING, "inventory": tmp_path / "inv.yaml", "user": "u", "limits": ("A",)}
    known = inventory(options)
    (tmp_path / "inv.yaml").write_text("hosts: {A: {port: 3}, B: {port: 4}}")
    (host,) = select_hosts(options, known, interactive=True)
    found = peers(options, known, ["b", "C:7"], interactive=True)
    assert [host.port, found["b"].port, found["C:7"].port] == [1, 2, 7]


def test_any_inventory_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD", raising=False)
    known = ListedInventory(
        [
            InventoryHost("A", "10.0.0.1", Connection(port=1), ("g",)),
            InventoryHost("B", "10.0.0.2", Connection(user="own", port=2)),
        ]
    )
    chosen = select_hosts({**NOTHING, "user": "u", "groups": ("g",)}, known, interactive=True)
    assert chosen == (Host(name="A", address="10.0.0.1", port=1, user="u", password="prompt:"),)


def test_a_certificate_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REMEDIATE_PASSWORD", raising=False)
    files = {"cert_file": Path("c.pem"), "key_file": Path("k.pem")}
    host = one(hosts=["SRV"], user=None, auth="certificate", tls=True, **files)
    assert (host.user, host.password) == (None, None)


def test_basic_without_tls_is_for_this_machine_or_on_purpose() -> None:
    assert one(hosts=["127.0.0.1"], auth="basic").auth is Auth.BASIC
    assert one(hosts=["SRV"], auth="basic", insecure=True).insecure
    assert one(hosts=["SRV"], auth="basic", tls=True).tls


def test_a_password_file_is_found_later_from_elsewhere(tmp_path: Path) -> None:
    assert reference({"password_from": "file:pw"}) == f"file:{tmp_path / 'pw'}"
    assert reference({"password_from": "command:pass show x"}) == "command:pass show x"
    assert reference({"password_from": "prompt:"}) == "prompt:"
    assert reference({"password_from": None}) is None
