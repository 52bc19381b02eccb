"""What the tests of each playbook and kind cost: counted and capped, with the seconds besides.

A count says the same on every machine; seconds do not.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.engines.powershell import PowerShellBackend
from remediate.lab.engines.process import EngineProcess
from remediate.lab.kinds import names
from remediate.testing.story import Teller

MOST = {"stories": 180, "pipelines": 100, "interpreters": 6}
"""Of one playbook, or of one kind, in an ordinary run: stories that are begun, pipelines that a
real engine runs, processes that are started for it."""

_PLAYBOOKS = [path.stem for path in Path(__file__).parent.glob("playbooks/*.yaml")]
_counted: Counter[str] = Counter()


def count() -> None:
    """Count from now on."""
    Teller.__post_init__ = _counting("stories", Teller.__post_init__)  # type: ignore[method-assign]
    PowerShellBackend.command = _counting("pipelines", PowerShellBackend.command)  # type: ignore[method-assign]
    start = _counting("interpreters", EngineProcess.start.__func__)  # type: ignore[attr-defined]
    EngineProcess.start = classmethod(start)  # type: ignore[method-assign, assignment]


def _counting(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(real)
    def counted(*args: Any, **options: Any) -> Any:
        _counted[what] += 1
        return real(*args, **options)

    return counted


def take() -> dict[str, int]:
    """What was counted since it was last taken."""
    taken = dict(_counted)
    _counted.clear()
    return taken


def by_name(reports: Iterable[pytest.TestReport]) -> dict[str, Counter[str]]:
    """What the cases of each playbook, and what each kind, cost; time is that of all workers."""
    found: dict[str, Counter[str]] = {}
    for report in reports:
        file, _, test = report.nodeid.partition("::")
        if file.startswith(("tests/playbooks/", "tests/conformance/")):
            about = [name for name in _PLAYBOOKS if name in test.partition("[")[2]]
            about += [name for name in names() if name in report.nodeid]
            for name in about[:1]:
                cost = found.setdefault(name, Counter())
                cost.update(dict(report.user_properties).get("cost", {}))  # type: ignore[arg-type]
                cost["milliseconds"] += round(1000 * report.duration)
    return found


def lines(costs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One for each playbook and kind."""
    return [
        f"{name}: {cost.get('milliseconds', 0) / 1000:.1f} s, "
        + ", ".join(f"{cost.get(what, 0)} {what}" for what in MOST)
        for name, cost in sorted(costs.items())
    ]


def too_many(costs: Mapping[str, Mapping[str, int]]) -> list[str]:
    """What is above the most that an ordinary run can afford."""
    return [
        f"{name} costs {cost[what]} {what}, more than {most}: see tests/costs.py"
        for name, cost in sorted(costs.items())
        for what, most in MOST.items()
        if cost.get(what, 0) > most
    ]
