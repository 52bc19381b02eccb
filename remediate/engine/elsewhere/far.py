"""Store and gate of another process, as an order sees them that is carried out in this one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydantic import SecretStr, TypeAdapter

from remediate.engine.elsewhere.messages import (
    CheckTurn,
    CloseHost,
    LogonEnd,
    Question,
    RecordIntent,
    ReleaseLease,
    TakeLease,
    TakeTurn,
)
from remediate.model.host import Host
from remediate.model.outcome import Holder, HostReport
from remediate.model.run import Intent
from remediate.store.protocol import LeaseGrant
from remediate.transport.gate import Account, Gate, Turn, account_of
from remediate.transport.protocol import Deadline

_GRANT: TypeAdapter[LeaseGrant | Holder] = TypeAdapter(LeaseGrant | Holder)

Ask = Callable[[Question], Any]
"""Has something done for an order in the other process, and waits for the answer."""


class FarStore:
    """The store of the other process, for one order; see `HostStore`.

    Args:
        ask: has it do something.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def take_lease(
        self, host: str, run: str, owner: str, now: datetime, ttl: timedelta
    ) -> LeaseGrant | Holder:
        """See `HostStore`."""
        question = TakeLease(host=host, run=run, owner=owner, now=now, ttl=ttl)
        return _GRANT.validate_python(self._ask(question))

    def release_lease(self, host: str, run: str) -> None:
        """See `HostStore`."""
        self._ask(ReleaseLease(host=host, run=run))

    def record_intent(self, intent: Intent) -> None:
        """See `HostStore`."""
        self._ask(RecordIntent(intent=intent))

    def close_host(
        self, run: str, host: str, report: HostReport, *, reconciled: bool = False, frees: str = ""
    ) -> None:
        """See `HostStore`."""
        self._ask(CloseHost(run=run, host=host, report=report, reconciled=reconciled, frees=frees))


class Order(Protocol):
    """What the gate needs of the order that is carried out on a host."""

    def ask(self, question: Question) -> Any:  # noqa: ANN401 - each has its own answer
        """Have something done for it in the other process.

        Raises:
            AccountRefusedElsewhere: the password may not be sent.
            TimedOut: the account's turn did not come.
        """

    def tell(self, turn: int, what: LogonEnd, by: str = "") -> None:
        """Say what became of a logon."""


class FarGate(Gate):
    """The gate of the other process; what is known here is only whose password was taken.

    Args:
        order_on: finds the order that is carried out on a host.
    """

    def __init__(self, order_on: Callable[[Host], Order]) -> None:
        super().__init__()
        self._order_on = order_on
        self._taken: set[Account] = set()
        self._turns = 0

    def turn(self, host: Host, secret: SecretStr) -> Turn:
        """The way through it for one session."""
        with self.changed:
            self._turns += 1
            account = account_of(host, secret)
            return _FarTurn(self._order_on(host), self._turns, account, self._taken)


class _FarTurn(Turn):
    """One session's way through it."""

    def __init__(self, order: Order, number: int, account: Account, taken: set[Account]) -> None:
        self._order = order
        self._number = number
        self._account = account
        self._taken = taken

    @property
    def was_accepted(self) -> bool:
        """See `Turn`."""
        return self._account in self._taken

    def check(self) -> None:
        """See `Turn`."""
        if not self.was_accepted and self._order.ask(CheckTurn(turn=self._number)):
            self._taken.add(self._account)

    def take(self, deadline: Deadline) -> bool:
        """See `Turn`."""
        if self.was_accepted:
            return False
        question = TakeTurn(turn=self._number, seconds=deadline.left)
        waited, taken = self._order.ask(question)
        if taken:
            self._taken.add(self._account)
        return bool(waited)

    def accepted(self) -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._taken.add(self._account)
            self._order.tell(self._number, "accepted")

    def refused(self, by: str = "") -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._order.tell(self._number, "refused", by)

    def left(self) -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._order.tell(self._number, "left")
