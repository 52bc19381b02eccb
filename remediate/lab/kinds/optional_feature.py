"""Features of Windows. Windows' state has `features`.

In short, the state of each by its name: `{WindowsServerBackup: Disabled}`; others it does not know.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from pydantic import TypeAdapter

from remediate.lab.kinds.kind import same, short_form
from remediate.lab.state import HostState, Record
from remediate.resources.optional_feature import FeatureState

HEALTHY = {"WindowsServerBackup": "Enabled"}
_SHORT = TypeAdapter(dict[str, Literal["Enabled", "Disabled", "Absent", "Unknown"]])


def state(host: HostState, short: object) -> None:
    """These features and no others."""
    known = short_form(_SHORT, short).items()
    host.windows["features"] = [
        {"name": name, "state": int(FeatureState[said.upper()])} for name, said in known
    ]


def read(host: HostState, names: Iterable[str] | None = None) -> Iterator[Record]:
    """Those that are asked for and known; or all."""
    features = host.windows.get("features", [])
    if names is None:
        yield from (dict(feature) for feature in features)
    for name in names or ():
        yield from (dict(feature) for feature in features if same(feature["name"], name))
