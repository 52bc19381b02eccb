"""The files to start from can be used as they are."""

from remediate.inventory.opening import open_inventory
from tests.examples.stories import EXAMPLES


def test_the_inventory_says_what_its_comments_say() -> None:
    entries = {entry.name: entry for entry in open_inventory(EXAMPLES / "inventory.yaml").entries()}
    plain, dmz, lab = (entries[n] for n in ("srv-fs01.contoso.com", "SRV-DMZ1", "SRV-LAB"))
    assert plain.connection.password == "env:REMEDIATE_PASSWORD"
    assert (plain.connection.port, plain.connection.auth) == (None, None)
    assert (dmz.connection.user, dmz.connection.auth) == ("svc-remediate", "basic")
    assert dmz.connection.ca_file == EXAMPLES / "dmz-ca.pem"
    assert (lab.address, lab.connection.user) == ("2001:db8::17", ".\\ada")
