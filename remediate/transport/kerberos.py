r"""Tickets of Kerberos, one for an account.

All that may take long or go wrong happens here, before a host gets to see anything. The library
waits half a minute for a KDC that is silent, so it works in threads that are left behind when a
logon's time is up. It is handed a password only when the KDC wants a proof, and never once nobody
waits for it: so it is known whether the KDC may have got the password, and somebody else may not
get it then. An account is asked for once, whatever the number of hosts: its password can
then be wrong only once, and a domain is not asked the same by each host's session.

What a failure means is told by its number: see `kerberos_numbers`.
"""

import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import SecretStr

from remediate.model.host import Host
from remediate.transport.kerberos_library import (
    Account,
    explained,
    forget,
    get_ticket,
    own_cache,
    serve,
)
from remediate.transport.kerberos_numbers import MEANINGS, NO_KDC, TicketError, tells

if TYPE_CHECKING:
    from spnego import KerberosCCache

LOGON_SECONDS: Final = 8.0
"""A KDC that takes longer is taken for silent; less than other hosts wait for a logon's answer."""

AGAIN_SECONDS: Final = 120.0
"""A KDC that could not be reached is not asked again within this time."""

_MARGIN_SECONDS: Final = 60
"""A ticket that ends so soon is asked for anew."""

_T = TypeVar("_T")


@dataclass
class _Asked:
    """A ticket of an account that was asked for.

    Args:
        done: whether the answer has come.
        at: when it came, by the clock.
        cache: where the ticket is.
        ends: until when it is valid, in seconds since 1970.
        error: why there is none.
        spent: the KDC may have got the password.
    """

    done: threading.Event = field(default_factory=threading.Event)
    at: float = 0.0
    cache: str = ""
    ends: float = 0.0
    error: BaseException | None = None
    spent: bool = False
    _given_up: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self) -> None:
        """The password is about to leave for the KDC.

        Raises:
            TimeoutError: it may not, as nobody waits any longer.
        """
        with self._lock:
            if self._given_up:
                raise TimeoutError
            self.spent = True

    def give_up(self, at: float) -> None:
        """Have a password that has not left stay here."""
        with self._lock:
            if self.spent or self.done.is_set():
                return
            self._given_up = True
        self.end(at, error=TimeoutError())

    def end(self, at: float, error: BaseException | None = None) -> None:
        """The answer has come; the first of two counts."""
        with self._lock:
            if not self.done.is_set():
                self.at, self.error = at, error
                self.done.set()


class Tickets:
    """The tickets of all sessions of a transport, for any thread.

    They live in the memory of this process, and cannot be handed on to a host.

    Args:
        clock: monotonic seconds; a fake in tests.
        now: seconds since 1970; a fake in tests.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._now = now
        self._asked: dict[Account, _Asked] = {}
        self._lock = threading.Lock()
        self._caches: list[str] = []
        weakref.finalize(self, forget, self._caches).atexit = False

    def logon(self, host: Host, secret: SecretStr | None, seconds: float) -> "KerberosCCache":
        """Where the tickets are that let an account log on to a host.

        Args:
            host: the host.
            secret: the account's password; None for its keytab, or the person's ticket cache.
            seconds: that may be waited; never more than LOGON_SECONDS.

        Raises:
            TicketError: there are none.
        """
        from spnego import KerberosCCache  # noqa: PLC0415 - Basic and certificates need no pyspnego

        end = self._clock() + min(seconds, LOGON_SECONDS)
        account = Account.of(host, secret)
        try:
            cache = self._cache(account, end)
            self._within(end, lambda: serve(cache, host))
        except TimeoutError:
            raise _silent(account, spent=self._spent(account)) from None
        except Exception as error:
            raise explained(error, account, host, spent=self._spent(account)) from error
        return KerberosCCache(cache)

    def _cache(self, account: Account, end: float) -> str:
        if account.password is None and account.keytab is None:
            return self._within(end, lambda: own_cache(account.principal))
        with self._lock:
            asked = self._asked.get(account)
            if asked is None or self._stale(asked):
                asked = self._asked[account] = _Asked()
                _start(lambda: self._ask(account, asked))
        if not asked.done.wait(max(0.0, end - self._clock())):
            if account.password is not None:
                asked.give_up(self._clock())
            raise TimeoutError
        if asked.error is not None:
            raise asked.error
        return asked.cache

    def _ask(self, account: Account, asked: _Asked) -> None:
        try:
            asked.cache, asked.ends = get_ticket(account, asked.spend)
            self._caches.append(asked.cache)
        except BaseException as error:  # noqa: BLE001 - goes to the threads that wait for it
            asked.end(self._clock(), error)
        else:
            asked.end(self._clock())

    def _spent(self, account: Account) -> bool:
        """Whether the KDC may have got the password, and has not taken it."""
        asked = self._asked.get(account)
        return asked is not None and asked.spent and not asked.cache

    def _stale(self, asked: _Asked) -> bool:
        """Whether it is worth asking again: never after the account or its password was judged."""
        if not asked.done.is_set():
            return False
        if asked.error is None:
            return asked.ends - self._now() < _MARGIN_SECONDS
        known = MEANINGS.get(tells(asked.error) or 0)
        passing = isinstance(asked.error, TimeoutError) or bool(known and known.passing)
        return passing and not asked.spent and self._clock() - asked.at > AGAIN_SECONDS

    def _within(self, end: float, work: Callable[[], _T]) -> _T:
        """What some work yields, in a thread that is left alone when it takes too long."""
        done, results, failures = threading.Event(), list[_T](), list[BaseException]()

        def run() -> None:
            try:
                results.append(work())
            except BaseException as error:  # noqa: BLE001 - goes to the thread that waits for it
                failures.append(error)
            done.set()

        _start(run)
        if not done.wait(max(0.0, end - self._clock())):
            raise TimeoutError
        if failures:
            raise failures[0]
        return results[0]


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="remediate-kerberos", daemon=True).start()


def _silent(account: Account, *, spent: bool) -> TicketError:
    if spent:
        return TicketError(
            f"{account.kdc} is silent: it has been sent the password of "
            f"{account.principal}, and has not answered within {LOGON_SECONDS:.0f} seconds",
            "It was tried once only, and accounts lock. Run it again when the KDC answers: kinit "
            "shows how long it takes.",
            by=account.kdc,
            passing=True,
        )
    return TicketError(
        f"no KDC of {account.realm} answers within {LOGON_SECONDS:.0f} seconds",
        NO_KDC.hint,
        passing=True,
    )
