"""What every inventory promises, whatever it is read from."""

from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.inventory.opening import open_inventory
from remediate.inventory.protocol import Inventory, InventoryHost
from remediate.model.connection import Connection
from remediate.testing.inventory import ListedInventory

ENTRIES = [
    InventoryHost("SRV02", "10.0.0.2", Connection(port=1), ("b", "a")),
    InventoryHost("SRV01", "SRV01", Connection(user="ada", tls=True)),
    InventoryHost("SRV03", "::1", Connection(port=2), ("a",)),
]
TEXT = """
hosts:
  SRV02: {address: 10.0.0.2, port: 1}
  SRV01: {user: ada, tls: true}
  SRV03: {address: '::1'}
groups:
  b: {hosts: [SRV02]}
  a: {hosts: [SRV02, SRV03], port: 2}
"""


TABLE = """\
name;address;user;tls;port;groups
SRV02;10.0.0.2;;;1;b|a
SRV01;;ada;true;;
SRV03;::1;;;2;a
"""


def from_yaml(folder: Path) -> Inventory:
    (folder / "hosts.yaml").write_text(TEXT)
    return open_inventory(folder / "hosts.yaml")


def from_csv(folder: Path) -> Inventory:
    (folder / "hosts.csv").write_text(TABLE)
    return open_inventory(folder / "hosts.csv")


def listed(folder: Path) -> Inventory:
    del folder
    return ListedInventory(ENTRIES)


@pytest.fixture(params=[from_yaml, from_csv, listed])
def inventory(request: pytest.FixtureRequest, tmp_path: Path) -> Inventory:
    make: Callable[[Path], Inventory] = request.param
    return make(tmp_path)


def test_hosts_come_in_their_order_with_all_that_is_said_of_them(inventory: Inventory) -> None:
    assert list(inventory.entries()) == ENTRIES


def test_groups_name_the_hosts_that_name_them(inventory: Inventory) -> None:
    groups = {name: list(hosts) for name, hosts in inventory.groups().items()}
    assert groups == {"b": ["SRV02"], "a": ["SRV02", "SRV03"]}
    assert {(name, host) for name, hosts in groups.items() for host in hosts} == {
        (group, entry.name) for entry in inventory.entries() for group in entry.groups
    }


def test_it_says_where_it_comes_from(inventory: Inventory) -> None:
    assert inventory.source
