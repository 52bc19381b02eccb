"""Features of Windows are found by their names, in any case, through both doors."""

import pytest

from remediate.lab.kinds import records
from remediate.resources.optional_feature import OptionalFeature
from tests.conformance.doors import Asked, Door

KNOWN = {"WindowsServerBackup": "Disabled", "NetFx4": "Enabled", "TFTP": "Absent", "X": "Unknown"}


@pytest.mark.parametrize("names", [["windowsserverbackup"], [*KNOWN], ["NoSuchThing", "NetFx4"]])
def test_what_windows_knows_of_those_is_read(door: Door, names: list[str]) -> None:
    one = Asked(door, OptionalFeature.kind, KNOWN)
    found = one.get(names=names)
    assert found == records(one.state, OptionalFeature.kind, names=names)
    assert len(found) == len(set(names) - {"NoSuchThing"})


def test_who_may_not_read_is_told_so(door: Door) -> None:
    one = Asked(door, OptionalFeature.kind, KNOWN, denied={OptionalFeature.kind: "read"})
    result = one.call("Get", names=["NetFx4"])
    assert result.error
    assert result.error.category == "PermissionDenied"
