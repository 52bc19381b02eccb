"""Store and gate of another process, as an order sees them that is carried out in this one."""

from collections.abc import Callable
from dataclasses import dataclass, field
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
from remediate.transport.errors import AccountRefusedElsewhere
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


class AskingOrder(Protocol):
    """What the gate needs of the order that is carried out on a host."""

    def ask(self, question: Question) -> Any:  # noqa: ANN401 - each has its own answer
        """Have something done for it in the other process.

        Raises:
            AccountRefusedElsewhere: the password may not be sent.
            TimedOut: the account's turn did not come.
        """

    def tell(self, turn: int, what: LogonEnd, by: str = "") -> None:
        """Say what became of a logon."""


@dataclass
class _Said:
    """What is known here of accounts: the other process knows more.

    Args:
        taken: their passwords were taken.
        refused: they were refused, and there may be more to know of that.
    """

    taken: set[Account] = field(default_factory=set)
    refused: set[Account] = field(default_factory=set)


class FarGate(Gate):
    """The gate of the other process.

    An account of one host is this process's own matter, as all orders about that are.

    Args:
        order_on: finds the order that is carried out on a host.
    """

    def __init__(self, order_on: Callable[[Host], AskingOrder]) -> None:
        super().__init__()
        self._order_on = order_on
        self._said = _Said()
        self._turns = 0

    def turn(self, host: Host, secret: SecretStr) -> Turn:
        """The way through it for one session."""
        account = account_of(host, secret)
        if account.local:
            return super().turn(host, secret)
        with self.changed:
            self._turns += 1
            return _FarTurn(self._order_on(host), self._turns, account, self._said)


class _FarTurn(Turn):
    """One session's way through it."""

    def __init__(self, order: AskingOrder, number: int, account: Account, said: _Said) -> None:
        self._order = order
        self._number = number
        self._account = account
        self._said = said

    @property
    def was_accepted(self) -> bool:
        """See `Turn`."""
        return self._account in self._said.taken

    def check(self) -> None:
        """See `Turn`; who does not know of a refusal is told of it when the turn is taken."""
        if self._account in self._said.refused and not self.was_accepted:
            self._know(self._order.ask(CheckTurn(turn=self._number)))

    def take(self, deadline: Deadline) -> bool:
        """See `Turn`."""
        if self.was_accepted:
            return False
        question = TakeTurn(turn=self._number, seconds=deadline.left)
        try:
            waited, taken = self._order.ask(question)
        except AccountRefusedElsewhere:
            self._said.refused.add(self._account)
            raise
        self._know(taken)
        return bool(waited)

    def take_at_once(self) -> bool:
        """See `Turn`; whoever would have to ask for it waits."""
        return self.was_accepted

    def accepted(self) -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._said.taken.add(self._account)
            self._order.tell(self._number, "accepted")

    def refused(self, by: str = "") -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._said.refused.add(self._account)
            self._order.tell(self._number, "refused", by)

    def left(self) -> None:
        """See `Turn`."""
        if not self.was_accepted:
            self._order.tell(self._number, "left")

    def _know(self, taken: object) -> None:
        if taken:
            self._said.taken.add(self._account)
