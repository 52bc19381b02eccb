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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import SecretStr

from remediate.model.connection import KerberosService
from remediate.model.host import Host
from remediate.transport.kerberos_numbers import (
    CIPHERS,
    MEANINGS,
    NO_KDC,
    TicketError,
    Words,
    said,
    tells,
)

if TYPE_CHECKING:
    from spnego import KerberosCCache

LOGON_SECONDS: Final = 8.0
"""A KDC that takes longer is taken for silent; less than other hosts wait for a logon's answer."""

AGAIN_SECONDS: Final = 120.0
"""A KDC that could not be reached is not asked again within this time."""

_MARGIN_SECONDS: Final = 60
"""A ticket that ends so soon is asked for anew."""

_MECHANISM: Final = "1.2.840.113554.1.2.2"
_FLAGS: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x20
"""Mutual, against replays, in order, sealed, signed; not 0x01, which would hand on our ticket."""

_WEAK: Final = frozenset({1, 2, 3, 23, 24})
"""Kinds of key that domains take no more: DES and RC4."""

_T = TypeVar("_T")


_OLD_KEYS: Final = Words(
    "the keytab {keytab} has keys of RC4 or DES only for {who}, and the KDC of {realm} takes none",
    "Make the keytab anew with keys of AES (ktpass /crypto AES256-SHA1, or ktutil).",
)


@dataclass(frozen=True)
class Account:
    """Who logs on, and with what.

    Args:
        principal: name in Kerberos; empty for whoever the keytab or the cache is of.
        keytab: file with its keys.
        password: its password; neither of both for the person's own ticket cache.
    """

    principal: str
    keytab: Path | None = None
    password: SecretStr | None = None

    @property
    def realm(self) -> str:
        """Where it belongs."""
        return self.principal.rpartition("@")[2] or "your realm"


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
        weakref.finalize(self, _forget, self._caches).atexit = False

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
        account = _account(host, secret)
        try:
            cache = self._cache(account, end)
            self._within(end, lambda: _serve(cache, host))
        except TimeoutError:
            raise _silent(account, spent=self._spent(account)) from None
        except Exception as error:
            raise _explained(error, account, host, spent=self._spent(account)) from error
        return KerberosCCache(cache)

    def _cache(self, account: Account, end: float) -> str:
        if account.password is None and account.keytab is None:
            return self._within(end, lambda: _own_cache(account.principal))
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
            asked.cache, asked.ends = _get_ticket(account, asked.spend)
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


def principal_of(user: str) -> str:
    r"""The name in Kerberos of an account as Windows people write it.

    A backslash means something else in Kerberos, so `DOMAIN\user` is turned into `user@REALM`,
    where the realm is known.

    Raises:
        TicketError: it is not, or the account belongs to one host.
    """
    realm, backslash, name = user.rpartition("\\")
    if not backslash:
        name, _, realm = user.rpartition("@") if "@" in user else (user, "", "")
    if realm == ".":
        raise TicketError(f"{user} is an account of the host itself, which no KDC knows")
    if not realm or (backslash and "." not in realm):
        own = _default_realm()
        if not realm and not own:
            raise TicketError(
                f"{user} does not say its realm, and krb5.conf has no default_realm",
                f"Write it as {name}@REALM, the domain's DNS name in capitals.",
            )
        if realm and own.partition(".")[0].casefold() != realm.casefold():
            raise TicketError(
                f"{user} has the short name of a domain, which does not say its realm",
                f"Write it as {name}@REALM, the domain's DNS name in capitals.",
            )
        realm = own
    escaped = name.replace("\\", "\\\\").replace("@", "\\@")
    return f"{escaped}@{realm.upper()}"


def _account(host: Host, secret: SecretStr | None) -> Account:
    _libraries()
    principal = principal_of(host.user) if host.user else ""
    if host.keytab is not None:
        return Account(principal, keytab=host.keytab)
    return Account(principal, password=secret)


def _libraries() -> tuple[Any, Any]:
    """Both bindings of the library, which are there when somebody has asked for them.

    Raises:
        TicketError: they are not.
    """
    try:
        import gssapi  # noqa: PLC0415 - not everybody has it
        import krb5  # noqa: PLC0415 - as above
    except (ImportError, OSError) as error:
        raise TicketError(
            "Kerberos is not installed on this machine",
            "Install it with pip install 'remediate[kerberos]'; docs/hosts.md says what it needs.",
        ) from error
    return gssapi, krb5


def _default_realm() -> str:
    _, krb5 = _libraries()
    try:
        realm: bytes = krb5.get_default_realm(krb5.init_context())
    except krb5.Krb5Error:
        return ""
    return realm.decode(errors="replace")


def _get_ticket(account: Account, spend: Callable[[], None]) -> tuple[str, float]:
    """Ask the KDC for a ticket; where it is kept, and until when it is valid.

    Args:
        account: whose.
        spend: is called before the password leaves, which stays here when it raises an error.
    """
    _, krb5 = _libraries()
    context = krb5.init_context()
    options = krb5.get_init_creds_opt_alloc(context)
    krb5.get_init_creds_opt_set_canonicalize(options, True)  # noqa: FBT003 - krb5's own
    krb5.get_init_creds_opt_set_forwardable(options, False)  # noqa: FBT003 - as above
    krb5.get_init_creds_opt_set_proxiable(options, False)  # noqa: FBT003 - as above
    if account.keytab is not None:
        keytab = krb5.kt_resolve(context, f"FILE:{account.keytab}".encode())
        name = account.principal or _principal(next(iter(keytab)))
        principal = krb5.parse_name_flags(context, name.encode())
        ticket = krb5.get_init_creds_keytab(context, principal, options, keytab=keytab)
    else:
        principal = krb5.parse_name_flags(context, account.principal.encode())
        prompt = _prompt(account, spend)  # the library does not keep it alive
        asking = krb5.init_creds_init(context, principal, options, prompter=prompt)
        try:
            krb5.init_creds_get(context, asking)
            ticket = krb5.init_creds_get_creds(context, asking)
        finally:
            del asking  # before the context, which an error's traceback would not see to: a crash
    cache = krb5.cc_new_unique(context, b"MEMORY")
    krb5.cc_initialize(context, cache, ticket.client)
    krb5.cc_store_cred(context, cache, ticket)
    return _name(cache), float(ticket.times.endtime)


def _prompt(account: Account, spend: Callable[[], None]) -> Any:  # noqa: ANN401 - of krb5
    """What the library asks for the password, when the KDC wants a proof."""
    _, krb5 = _libraries()
    password = account.password.get_secret_value() if account.password else ""
    answer = password.encode(errors="replace")

    class Prompt(krb5.Krb5Prompt):  # type: ignore[misc,name-defined] # there is none without it
        def prompt(self, msg: bytes, hidden: bool) -> bytes:
            del msg, hidden
            spend()
            return answer  # krb5 reads it later: made here, it may be gone and another's by then

    return Prompt()


def _own_cache(principal: str) -> str:
    """The ticket cache of the person, of one principal where it is said."""
    _, krb5 = _libraries()
    context = krb5.init_context()
    if not principal:
        return _name(krb5.cc_default(context))
    return _name(krb5.cc_cache_match(context, krb5.parse_name_flags(context, principal.encode())))


def _serve(cache: str, host: Host) -> None:
    """Have the ticket for a host put into the cache, by beginning a logon that nobody sees."""
    gssapi, _ = _libraries()
    mechanism = gssapi.OID.from_int_seq(_MECHANISM)
    found = gssapi.raw.acquire_cred_from(
        {b"ccache": cache.encode()}, mechs=[mechanism], usage="initiate"
    )
    name = gssapi.Name(_service(host, "@"), name_type=gssapi.NameType.hostbased_service)
    gssapi.SecurityContext(
        name=name,
        creds=gssapi.Credentials(base=found.creds),
        usage="initiate",
        mech=mechanism,
        flags=_FLAGS,
    ).step()


def _service(host: Host, between: str = "/") -> str:
    return f"{host.kerberos_service or KerberosService.HOST}{between}{host.domain_name}"


def _name(cache: Any) -> str:  # noqa: ANN401 - of krb5
    kind, name = cache.cache_type or b"FILE", cache.name or b""
    return f"{kind.decode()}:{name.decode()}"


def _principal(entry: Any) -> str:  # noqa: ANN401 - of krb5
    name: bytes = entry.principal.name
    return name.decode(errors="replace")


def _forget(caches: list[str]) -> None:
    """Take tickets out of memory, where they would stay as long as the process."""
    if not caches:
        return
    _, krb5 = _libraries()
    context = krb5.init_context()
    for name in caches:
        krb5.cc_destroy(context, krb5.cc_resolve(context, name.encode()))
    caches.clear()


def _start(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="remediate-kerberos", daemon=True).start()


def _silent(account: Account, *, spent: bool) -> TicketError:
    if spent:
        return TicketError(
            f"the KDC of {account.realm} is silent: it has been sent the password of "
            f"{account.principal}, and has not answered within {LOGON_SECONDS:.0f} seconds",
            "It was tried once only, and accounts lock. Run it again when the KDC answers: kinit "
            "shows how long it takes.",
            by=_kdc(account),
            passing=True,
        )
    return TicketError(
        f"no KDC of {account.realm} answers within {LOGON_SECONDS:.0f} seconds",
        NO_KDC.hint,
        passing=True,
    )


def _kdc(account: Account) -> str:
    return f"the KDC of {account.realm}"


def _explained(error: Exception, account: Account, host: Host, *, spent: bool) -> TicketError:
    """The library's error in words."""
    if isinstance(error, TicketError):
        return error
    number = tells(error)
    words = MEANINGS.get(number or 0)
    if account.keytab is not None and (words is None or words is CIPHERS):
        words = _of_keytab(account) or words
    if words is None:
        text = said(error)
        words = Words("{text}", "Try the same with kinit and kvno, which tell more.")
    else:
        text = ""
    filling = {
        "who": account.principal or "your account",
        "realm": account.realm,
        "service": _service(host),
        "keytab": account.keytab,
        "proof": "the key in the keytab" if account.keytab else "the password",
        "correct": "Make the keytab anew: the password was changed after it was made."
        if account.keytab
        else "Check --user and the password.",
        "text": text,
    }
    return TicketError(
        words.detail.format(**filling),
        words.hint.format(**filling),
        by=_kdc(account) if words.judged or spent else "",
        passing=words.passing,
    )


def _of_keytab(account: Account) -> Words | None:
    """What is wrong with a keytab that the library gave up on."""
    _, krb5 = _libraries()
    context = krb5.init_context()
    try:
        with Path(str(account.keytab)).open("rb") as file:
            file.read(1)
        entries = list(krb5.kt_resolve(context, f"FILE:{account.keytab}".encode()))
    except OSError as error:
        return Words(f"the keytab {{keytab}} cannot be read: {error.strerror}", "Check the path.")
    except krb5.Krb5Error:
        return Words("{keytab} is no keytab", "Make it anew with ktpass or ktutil.")
    kinds = {entry.key.enctype for entry in entries if account.principal in {"", _principal(entry)}}
    return _OLD_KEYS if kinds and kinds <= _WEAK else None
