"""The address leads to another computer from some exchange on: nothing untrue is said of either.

An address is not a computer: NAT rules, names in DNS and DHCP leases move. Whatever is in the way
of what, the other computer stays as it is, byte for byte, and the one that is meant can be
reconciled and rolled back as soon as it can be reached again.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import cycle
from pathlib import Path

import pytest

from remediate.engine.job import Job
from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from tests.drawn import drawn
from tests.faults.conftest import ELSEWHERE
from tests.faults.controller import host_state
from tests.faults.elsewhere import (
    EXCHANGES,
    MEANT,
    Case,
    Like,
    Place,
    What,
    Who,
    become,
    place,
    try_out,
)
from tests.faults.forward import Forward, How

Record = Callable[[str, object], None]
NUMBERS = range(1, EXCHANGES + 1)


def some(what: What) -> Sequence[Case]:
    """The exchanges that matter, so that each of all that can vary comes at least once."""
    rest = zip(cycle(How), cycle(Who), cycle(Like), strict=False)
    return [Case(what, number, *each) for number, each in zip((1, 5, 6, 7), rest, strict=False)]


def most(what: What) -> Sequence[Case]:
    """Every exchange, with each way to cut the connection, and each other computer in turn."""
    who, like = list(Who), cycle(Like)
    return [
        Case(what, number, how, who[(number + turn) % len(who)], next(like))
        for number in NUMBERS
        for turn, how in enumerate(How)
    ]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("what", "choice"),
    [
        (What.APPLY, some),
        *(pytest.param(what, most, marks=pytest.mark.slow) for what in What),
    ],
)
def test_from_whichever_exchange_the_address_leads_elsewhere_nothing_untrue_is_said(
    what: What,
    choice: Callable[[What], Sequence[Case]],
    job: Job,
    record_property: Record,
) -> None:
    tried = choice(what)
    record_property(ELSEWHERE, len(tried))
    assert [text for case in tried if (text := failing(case, place(case, job)))] == []


def failing(case: Case, where: AbstractContextManager[Place], *, whole: bool = True) -> str:
    """What is wrong with a trial, if anything is: one must not hide the others."""
    try:
        with where as here:
            try_out(case, here, whole=whole)
    except Exception as error:  # noqa: BLE001 - as above
        failed = traceback.extract_tb(error.__traceback__)[-1]
        return f"{case}: {failed.line} ({failed.filename}:{failed.lineno}) {error!r}"
    return ""


# --- with real engines --------------------------------------------------------------------------

WRITTEN_ELSEWHERE = Case(What.APPLY, 6, How.BETWEEN, Who.NAMESAKE, Like.SAME)
REAL = [
    *(Case(What.APPLY, number, How.BETWEEN, Who.OTHER, Like.SAME) for number in NUMBERS),
    Case(What.APPLY, 6, How.UNANSWERED, Who.CLONE, Like.ANOTHER),
    *(Case(What.ROLLBACK, number, How.BETWEEN, Who.OTHER, Like.SAME) for number in (1, 5, 6, 7)),
    *(Case(What.RECONCILE, number, How.UNSENT, Who.CLONE, Like.SAME) for number in (1, 4, 6)),
    Case(What.RECONCILE, 1, How.BETWEEN, Who.NAMESAKE, Like.ANOTHER),
]


@pytest.mark.powershell
@pytest.mark.skipif(find_pwsh() is None, reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("tried", [[WRITTEN_ELSEWHERE], drawn(REAL, 3, "real")], ids=len)
def test_nothing_untrue_is_said_of_hosts_with_real_engines(
    tried: Sequence[Case], job: Job, record_property: Record
) -> None:
    record_property(ELSEWHERE, len(tried))
    engine = PowerShellEngine(ready=1)
    states = [host_state(MEANT) for _ in tried for _ in (True, False)]
    with Lab(states, engine=engine) as lab:
        pairs = zip(lab.hosts[::2], lab.hosts[1::2], strict=True)
        failures = [
            failing(case, real_place(case, lab, engine, pair, job), whole=False)
            for case, pair in zip(tried, pairs, strict=True)
        ]
    assert [text for text in failures if text] == []


@contextmanager
def real_place(
    case: Case, lab: Lab, engine: PowerShellEngine, pair: tuple[LabHost, LabHost], job: Job
) -> Iterator[Place]:
    """The place of a trial, with two hosts of a lab that have engines."""
    meant, other = pair
    become(other.state, case.who, meant.state)

    def disk(host: LabHost) -> Mapping[str, bytes]:
        """What there is in the folder that is the host's disk."""
        kept = engine._hosts[lab.hosts.index(host)]
        kept.write()
        return {str(path): path.read_bytes() for path in sorted(files(kept.folder))}

    with Forward(meant) as forward:
        yield Place(lab, meant, other, forward, job, disk)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
