"""Who goes on, decided from how far the hosts of a run are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fleet:
    """How far the hosts of a run are.

    Args:
        to_begin: have not begun.
        at_work: are worked on.
        rested: have rested, and want to go on.
        stopped: none is to begin any more.
    """

    to_begin: int = 0
    at_work: int = 0
    rested: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What is to happen now.

    Args:
        go_on: how many of those that have rested go on.
        begin: how many begin.
    """

    go_on: int = 0
    begin: int = 0


def step(fleet: Fleet, workers: int) -> Step:
    """Who goes on: first those that are in the middle of something.

    Args:
        fleet: how far they are.
        workers: hosts that may be worked on at the same time.
    """
    free = max(0, workers - fleet.at_work)
    go_on = min(fleet.rested, free)
    begin = 0 if fleet.stopped else min(fleet.to_begin, free - go_on)
    return Step(go_on=go_on, begin=begin)
