"""Who is dialled and who is worked on, decided from how far the hosts of a run are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fleet:
    """How far the hosts of a run are.

    Args:
        to_begin: have not begun.
        rested: have rested, and want to go on.
        dialled: are being dialled.
        late: those of them that take so long that nobody counts on them.
        ready: have been dialled, and wait for their turn.
        at_work: are worked on.
        stopped: none is to begin any more.
    """

    to_begin: int = 0
    rested: int = 0
    dialled: int = 0
    late: int = 0
    ready: int = 0
    at_work: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Limits:
    """How many hosts there may be of a kind.

    Args:
        workers: that are worked on.
        dialled: that are being dialled.
    """

    workers: int
    dialled: int


@dataclass(frozen=True, slots=True)
class Step:
    """What is to happen now.

    Args:
        work: how many of those that are ready are worked on.
        go_on: how many of those that have rested are dialled.
        begin: how many of those that have not begun are dialled.
    """

    work: int = 0
    go_on: int = 0
    begin: int = 0


def step(fleet: Fleet, limits: Limits) -> Step:
    """Who is next: first those that are in the middle of something.

    As many are dialled ahead as may be worked on or dialled at once, so that no worker waits for a
    connection, and none that was made is kept for long. Who does not answer at once is not counted
    on: others are dialled meanwhile.

    Args:
        fleet: how far they are.
        limits: how many there may be.
    """
    counted_on = fleet.at_work + fleet.ready + fleet.dialled - fleet.late
    ahead = min(limits.workers, limits.dialled)
    dial = max(0, min(limits.workers + ahead - counted_on, limits.dialled - fleet.dialled))
    go_on = min(fleet.rested, dial)
    return Step(
        work=min(fleet.ready, limits.workers - fleet.at_work),
        go_on=go_on,
        begin=0 if fleet.stopped else min(fleet.to_begin, dial - go_on),
    )
