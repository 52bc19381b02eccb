"""An inventory is understood exactly, or refused with the place that is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.inventory.protocol import Entry, InventoryError
from remediate.inventory.yaml import YamlInventory
from remediate.model.host import Auth

WHOLE = r"""
defaults: {user: 'CONTOSO\svc', password: env:REMEDIATE_PASSWORD, auth: ntlm}
hosts:
  SRV01:
  SRV02: {address: 10.0.0.5, port: 5986, tls: true, ca_file: ca.pem, user: own}
  SRV03: {address: '::1', password: file:pw}
groups:
  backup: {hosts: [SRV01, SRV02], auth: negotiate, user: group}
  later: {hosts: [SRV01], auth: basic}
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], YamlInventory]:
    def parse(text: str) -> YamlInventory:
        path = tmp_path / "hosts.yaml"
        path.write_text(text, encoding="utf-8")
        return YamlInventory(path)

    return parse


@pytest.fixture
def entries(read: Callable[[str], YamlInventory]) -> dict[str, Entry]:
    return {entry.name: entry for entry in read(WHOLE).entries()}


def test_the_order_is_that_of_the_file(entries: dict[str, Entry]) -> None:
    assert list(entries) == ["SRV01", "SRV02", "SRV03"]


def test_a_host_is_its_own_address_unless_it_says_another(entries: dict[str, Entry]) -> None:
    assert [entry.address for entry in entries.values()] == ["SRV01", "10.0.0.5", "::1"]


def test_a_host_counts_more_than_its_groups_and_they_more_than_the_defaults(
    entries: dict[str, Entry],
) -> None:
    assert entries["SRV02"].settings.user == "own"
    assert entries["SRV01"].settings.user == "group"
    assert entries["SRV03"].settings.user == r"CONTOSO\svc"
    assert entries["SRV01"].settings.auth is Auth.NEGOTIATE, "the first group counts"
    assert entries["SRV03"].settings.auth is Auth.NTLM


def test_files_are_looked_for_beside_the_inventory(
    entries: dict[str, Entry], tmp_path: Path
) -> None:
    assert entries["SRV02"].settings.ca_file == tmp_path / "ca.pem"
    assert entries["SRV03"].settings.password == f"file:{tmp_path / 'pw'}"


def test_groups_are_known(read: Callable[[str], YamlInventory], entries: dict[str, Entry]) -> None:
    assert read(WHOLE).groups() == {"backup": ("SRV01", "SRV02"), "later": ("SRV01",)}
    assert entries["SRV01"].groups == ("backup", "later")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "has no hosts"),
        ("hosts:", "has no hosts"),
        ("hosts: {}", "has no hosts"),
        ("[1]", "hosts.yaml: write the hosts under `hosts:`"),
        ("hosts:\n  A: {\n", "hosts.yaml:3: "),
        ("hosts:\n  A:\n  B:\n  A:\n", "hosts.yaml:4: A stands here for the second time"),
        ("hosts: {A: {prot: 5985}}", "hosts.A.prot: there is no such setting"),
        ("hosts: {A: {port: 70000}}", "hosts.A.port: input should be less than or equal to 65535"),
        ("hosts: {A: {auth: kerberos}}", "hosts.A.auth: input should be 'basic'"),
        ("hosts: {'a b':}", "hosts.a b: 'a b' is not a host name or an IP address"),
        ("hosts: {A: {address: a b}}", "hosts.A.address: 'a b' is not a host name"),
        ("hosts: {1: {}}", "hosts.1: input should be a valid string"),
        ("hosts: {A: }\ngroups: {g: {hosts: [B]}}", "groups.g.hosts: B is not among the hosts"),
        ("hosts: {A: !!python/object:os.system {}}", "hosts.yaml:1: "),
        ("hosts: {A: \x01}", "characters that YAML does not allow"),
        ("hosts: {? [a] : }", "hosts.yaml:1: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    text: str, says: str, read: Callable[[str], YamlInventory]
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(text).entries()
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_password_in_the_file_is_refused_and_not_repeated(
    read: Callable[[str], YamlInventory],
) -> None:
    with pytest.raises(InventoryError) as caught:
        read("hosts: {A: {password: hunter2-secret}}")
    assert "hosts.A.password: write where the password is" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match=r"nowhere\.yaml cannot be read: No such file"):
        YamlInventory(tmp_path / "nowhere.yaml")
    (tmp_path / "latin").write_bytes(b"hosts: {\xe4: }")
    with pytest.raises(InventoryError, match="is not UTF-8"):
        YamlInventory(tmp_path / "latin")
