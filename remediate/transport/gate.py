r"""One wrong password locks nobody out.

Accounts lock after a few wrong passwords, and a fleet would try one on every host. So until a
password has been taken once, one host at a time is asked; the first that refuses it stops the
account for all that follow. A host that cannot be reached, or does not say, leaves the question
open, and the next is asked.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.errors import AccountRefusedElsewhere, TimedOut
from remediate.transport.protocol import Deadline

ANSWER_SECONDS = 10.0
"""A host that takes longer to answer a logon is no longer waited for by the others."""

NETBIOS = 15
"""Characters of a computer's name that are left of it in the realm of its own accounts."""


@dataclass(frozen=True)
class Account:
    """Who logs on, and with what: what may be locked by one wrong password.

    Args:
        realm: the domain in small letters, or the endpoint that a local account belongs to.
        name: in small letters.
        secret: its password.
    """

    realm: str
    name: str
    secret: SecretStr


def account_of(host: Host, secret: SecretStr) -> Account:
    r"""The account that is used on `host`.

    `REALM\name` and `name@REALM` are one account everywhere. Without a realm, or with the host's
    own name or a dot as realm, it is a local one: each host has its own.
    """
    realm, name = _realm_and_name(host)
    if is_local(host):
        realm = host.url.casefold()
    return Account(realm, name, secret)


def is_local(host: Host) -> bool:
    """Whether its account is one of the host itself."""
    realm, _ = _realm_and_name(host)
    names = {host.name.casefold(), host.address.casefold()}
    short = {each.partition(".")[0] for each in names}
    return realm in {"", ".", *names, *short, *(each[:NETBIOS] for each in short)}


def _realm_and_name(host: Host) -> tuple[str, str]:
    user = (host.user or "").casefold()
    realm, backslash, name = user.rpartition("\\")
    if not backslash:
        name, _, realm = user.partition("@")
    return realm, name


@dataclass
class _Standing:
    """What is known of an account.

    Args:
        accepted: a host has taken its password.
        refused_by: the host that has refused it, or nothing.
        asking: the logon that is under way.
        since: when that began.
    """

    accepted: bool = False
    refused_by: str = ""
    asking: "Turn | None" = None
    since: float = 0.0


@dataclass
class Gate:
    """Says whose turn it is to log on. One for all sessions that share accounts, in any thread.

    Args:
        clock: monotonic seconds; a fake in tests.
    """

    clock: Callable[[], float] = time.monotonic
    changed: threading.Condition = field(default_factory=threading.Condition)
    _standings: dict[Account, _Standing] = field(default_factory=dict)

    def turn(self, host: Host, secret: SecretStr) -> "Turn":
        """The way through it for one session."""
        with self.changed:
            standing = self._standings.setdefault(account_of(host, secret), _Standing())
        return Turn(self, host, standing)


class Turn:
    """One session's way through the gate."""

    def __init__(self, gate: Gate, host: Host, standing: _Standing) -> None:
        self._gate = gate
        self._host = host
        self._standing = standing

    def check(self) -> None:
        """See whether the password may still be sent to anybody, without waiting.

        Raises:
            AccountRefusedElsewhere: it may not.
        """
        with self._gate.changed:
            if self._standing.refused_by and not self._standing.accepted:
                raise self._refused_elsewhere()

    def take(self, deadline: Deadline) -> bool:
        """Wait until the password may be sent; says whether that took any waiting.

        Raises:
            AccountRefusedElsewhere: it may not.
            TimedOut: the time was up before.
        """
        gate, standing, waited = self._gate, self._standing, False
        with gate.changed:
            while not standing.accepted:
                if standing.refused_by:
                    raise self._refused_elsewhere()
                wait = self._ahead()
                if wait <= 0:
                    standing.asking, standing.since = self, gate.clock()
                    break
                if deadline.left <= 0:
                    raise self._too_late()
                waited = True
                gate.changed.wait(min(wait, deadline.left))
        return waited

    def accepted(self) -> None:
        """The host took the password: everybody may go on."""
        with self._gate.changed:
            self._standing.accepted = True
            self._gate.changed.notify_all()

    def refused(self, by: str = "") -> None:
        """The password was refused: nobody may go on, unless somebody else has taken it.

        Args:
            by: who refused it; the host when nothing is said.
        """
        with self._gate.changed:
            self._standing.refused_by = self._standing.refused_by or by or self._host.name
            self._gate.changed.notify_all()

    def left(self) -> None:
        """The host did not say: it is the next one's turn."""
        with self._gate.changed:
            if self._standing.asking is self:
                self._standing.asking = None
            self._gate.changed.notify_all()

    def _ahead(self) -> float:
        """Seconds for which the logon that is under way elsewhere is still waited for."""
        if self._standing.asking is None or self._standing.asking is self:
            return 0.0
        return self._standing.since + ANSWER_SECONDS - self._gate.clock()

    def _refused_elsewhere(self) -> AccountRefusedElsewhere:
        return AccountRefusedElsewhere(
            self._host.name, self._host.user or "", self._standing.refused_by
        )

    def _too_late(self) -> TimedOut:
        asked = self._standing.asking
        where = asked._host.name if asked else "another host"  # noqa: SLF001 - of our own class
        return TimedOut(
            self._host.name,
            f"its turn did not come: until a host has taken the password of {self._host.user}, "
            f"one at a time is asked, and {where} has not answered yet",
            hint="Run it again, or give it longer with --timeout.",
        )
