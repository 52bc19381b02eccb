"""The cases of the fault matrix: what goes wrong, at which exchange, and for how long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.model.connection import Auth

ACCESS_DENIED = 5
SHELL_GONE = 2150858843
NOTHING_YET = 2150858793
"""Numbers of WS-Management faults."""

ALWAYS = 0
"""As a fault's count: until the faults are cleared."""

_BOTH = (When.BEFORE, When.AFTER)
_TROUBLES: dict[Action, tuple[When, ...]] = {
    Action.DROP: _BOTH,
    Action.HALF: (When.AFTER,),
    Action.EMPTY: _BOTH,
    Action.HTML: _BOTH,
    Action.FAULT: _BOTH,
    Action.HANG: _BOTH,
    Action.GARBAGE: _BOTH,
    Action.UNAUTHORIZED: _BOTH,
    Action.UNAVAILABLE: _BOTH,
}
_LASTING = (Action.DROP, Action.FAULT, Action.HANG, Action.GARBAGE, Action.UNAUTHORIZED)
"""Of these one for each way to react; what a host says while it is gone matters little."""


@dataclass(frozen=True)
class Case:
    """One cell of the matrix.

    Args:
        auth: how the host is logged on to.
        number: of the exchange, from 1.
        kind: what that exchange is for.
        fault: what happens to it.
    """

    auth: Auth
    number: int
    kind: Step
    fault: Fault

    @property
    def passing(self) -> bool:
        """Whether it is over after one exchange."""
        return self.fault.count == 1

    @property
    def hangs(self) -> bool:
        """Whether nothing but the deadline ends it."""
        return self.fault.do is Action.HANG

    def __str__(self) -> str:
        code = f" {self.fault.code}" if self.fault.do is Action.FAULT else ""
        times = {1: "", ALWAYS: ", from then on"}.get(
            self.fault.count, f", {self.fault.count} times"
        )
        return (
            f"{self.auth}, exchange {self.number} ({self.kind}): {self.fault.do}{code} "
            f"{self.fault.when} the host acts{times}"
        )


def passing(auth: Auth, clean: Sequence[Step]) -> Iterator[Case]:
    """Each exchange goes wrong once, in each way.

    Args:
        auth: how the host is logged on to.
        clean: what the exchanges of a run without faults are for, in order.
    """
    # What a fault says does not depend on how one has logged on.
    codes = (ACCESS_DENIED, SHELL_GONE, NOTHING_YET) if auth is Auth.BASIC else (ACCESS_DENIED,)
    for number, action, when in product(range(1, len(clean) + 1), _TROUBLES, _BOTH):
        for code in codes if action is Action.FAULT else codes[:1]:
            if when in _TROUBLES[action]:
                yield _case(auth, clean, number, Fault(do=action, when=when, code=code))


def sample(auth: Auth, clean: Sequence[Step]) -> Iterator[Case]:
    """A fifth of these: each exchange goes wrong, and each way is taken, but not each at each."""
    for place, case in enumerate(passing(auth, clean)):
        if (place + case.number) % 5 == 0:
            yield case


def lasting(auth: Auth, clean: Sequence[Step]) -> Iterator[Case]:
    """From each exchange on the host is no use, or, from the write on, for some exchanges.

    Args:
        auth: how the host is logged on to.
        clean: as above.
    """
    for number, action, when in product(range(1, len(clean) + 1), _LASTING, _BOTH):
        fault = Fault(do=action, when=when, code=ACCESS_DENIED, count=ALWAYS)
        yield _case(auth, clean, number, fault)
    write = len(clean) - clean[::-1].index(Step.COMMAND)
    for number, count, when in product((write, write + 1), (2, 3, 5, 8), _BOTH):
        fault = Fault(do=Action.DROP, when=when, count=count)
        yield _case(auth, clean, number, fault)


def _case(auth: Auth, clean: Sequence[Step], number: int, fault: Fault) -> Case:
    name = f"{auth}-{number}-{fault.do}-{fault.code}-{fault.when}-{fault.count}"
    rule = fault.model_copy(update={"nth": number, "host": name})
    return Case(auth, number, clean[number - 1], rule)
