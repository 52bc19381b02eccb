r"""One wrong password locks nobody out.

Accounts lock after a few wrong passwords, and a fleet would try one on every host. So until a
password has been taken once, one host at a time is asked; the first that refuses it stops the
account for all that follow. A host that cannot be reached, or does not say, leaves the question
open, and the next is asked.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pydantic import SecretStr

from remediate.model.connection import Auth
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
        realm: the domain in small letters, or the endpoint that a local account belongs to; empty
            where none is said.
        name: in small letters.
        secret: its password.
        local: it belongs to one host.
    """

    realm: str
    name: str
    secret: SecretStr
    local: bool = False

    def may_be(self, other: "Account") -> bool:
        r"""Whether another account may be this one, written otherwise.

        The short name of a domain says nothing of its DNS name: CORP may be that of contoso.com;
        and what stands behind an @ need not be one: an account may have another suffix. Two short
        names are of two domains.
        """
        if self.local or other.local or (self.name, self.secret) != (other.name, other.secret):
            return False
        realms = {self.realm, other.realm}
        return len(realms) == 1 or "" in realms or any("." in realm for realm in realms)


def account_of(host: Host, secret: SecretStr) -> Account:
    r"""The account that is used on `host`.

    `REALM\name` and `name@REALM` are one account everywhere. With the host's own name or a dot as
    realm it is a local one: each host has its own; so it is by Basic, which knows no others. Where
    no realm is said a host asks its domain about a name that is none of its own, and the accounts
    of a domain controller are those of the domain: it may be one account everywhere. See
    https://learn.microsoft.com/troubleshoot/windows-server/windows-security/network-access-validation-algorithms.
    """
    realm, name = _realm_and_name(host)
    if is_local(host) and (realm or host.auth is Auth.BASIC):
        return Account(host.url.casefold(), name, secret, local=True)
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
        name, _, realm = user.rpartition("@") if "@" in user else (user, "", "")
    return realm, name


@dataclass
class _Standing:
    """What is known of an account.

    Args:
        account: which one.
        user: as it was written first.
        kin: what is known of accounts that may be the same.
        accepted: a host has taken its password.
        refused_by: the host that has refused it, or nothing.
        asking: the logon that is under way.
        since: when that began.
    """

    account: Account
    user: str
    kin: "list[_Standing]" = field(default_factory=list, repr=False)
    accepted: bool = False
    refused_by: str = ""
    asking: "Turn | None" = None
    since: float = 0.0

    @property
    def doubtful(self) -> "Iterator[_Standing]":
        """Its kin and itself, as far as no password was taken; nothing once its own was."""
        if not self.accepted:
            yield from (one for one in (self, *self.kin) if not one.accepted)


@dataclass
class Gate:
    """Says whose turn it is to log on. One for all sessions that share accounts, in any thread.

    Args:
        clock: monotonic seconds; a fake in tests.
    """

    clock: Callable[[], float] = time.monotonic
    changed: threading.Condition = field(default_factory=threading.Condition)
    _standings: dict[Account, _Standing] = field(default_factory=dict)
    _shared: dict[tuple[str, SecretStr], list[_Standing]] = field(default_factory=dict)

    def turn(self, host: Host, secret: SecretStr) -> "Turn":
        """The way through it for one session."""
        account = account_of(host, secret)
        with self.changed:
            if account not in self._standings:
                self._standings[account] = self._new(_Standing(account, host.user or ""))
        return Turn(self, host, self._standings[account])

    def _new(self, standing: _Standing) -> _Standing:
        account = standing.account
        if not account.local:
            alike = self._shared.setdefault((account.name, account.secret), [])
            standing.kin = [one for one in alike if account.may_be(one.account)]
            for one in standing.kin:
                one.kin.append(standing)
            alike.append(standing)
        return standing


class Turn:
    """One session's way through the gate."""

    def __init__(self, gate: Gate, host: Host, standing: _Standing) -> None:
        self._gate = gate
        self._host = host
        self._standing = standing

    @property
    def was_accepted(self) -> bool:
        """Whether a host has taken the password: nobody waits any more."""
        return self._standing.accepted

    def check(self) -> None:
        """See whether the password may still be sent to anybody, without waiting.

        Raises:
            AccountRefusedElsewhere: it may not.
        """
        with self._gate.changed:
            self._check()

    def _check(self) -> None:
        for one in self._standing.doubtful:
            if one.refused_by:
                user = self._host.user or ""
                other = one.user if one is not self._standing else ""
                raise AccountRefusedElsewhere(self._host.name, user, one.refused_by, other)

    def take(self, deadline: Deadline) -> bool:
        """Wait until the password may be sent; says whether that took any waiting.

        Raises:
            AccountRefusedElsewhere: it may not.
            TimedOut: the time was up before.
        """
        gate, waited = self._gate, False
        with gate.changed:
            while (ahead := self._before()) is not None:
                if deadline.left <= 0:
                    raise self._too_late(ahead)
                waited = True
                wait = ahead.since + ANSWER_SECONDS - gate.clock()
                gate.changed.wait(min(wait, deadline.left))
        return waited

    def take_at_once(self) -> bool:
        """Do so if that takes no waiting; says whether the password may be sent.

        Raises:
            AccountRefusedElsewhere: it may not.
        """
        with self._gate.changed:
            return self._before() is None

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

    def _before(self) -> _Standing | None:
        """Who has to be waited for still; takes the turn where that is nobody."""
        standing, clock = self._standing, self._gate.clock
        if standing.accepted:
            return None
        self._check()
        ahead = self._ahead()
        if ahead is not None and ahead.since + ANSWER_SECONDS > clock():
            return ahead
        standing.asking, standing.since = self, clock()
        return None

    def _ahead(self) -> _Standing | None:
        """The account, or one that may be the same, with which another is logging on; the last."""
        asking = [one for one in self._standing.doubtful if one.asking not in {None, self}]
        return max(asking, key=lambda one: one.since, default=None)

    def _too_late(self, ahead: _Standing) -> TimedOut:
        asked = ahead.asking
        where = asked._host.name if asked else "another host"  # noqa: SLF001 - of our own class
        return TimedOut(
            self._host.name,
            f"its turn did not come: until a host has taken the password of {self._host.user}, "
            f"one at a time is asked, and {where} has not answered yet",
            hint="Run it again, or give it longer with --timeout.",
        )
