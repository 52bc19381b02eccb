"""What Kerberos' library is asked for, which waits half a minute for a KDC that is silent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr

from remediate.model.connection import KerberosService
from remediate.model.host import Host
from remediate.transport.kerberos_numbers import CIPHERS, MEANINGS, TicketError, Words, said, tells

_MECHANISM: Final = "1.2.840.113554.1.2.2"
_FLAGS: Final = 0x02 | 0x04 | 0x08 | 0x10 | 0x20
"""Mutual, against replays, in order, sealed, signed; not 0x01, which would hand on our ticket."""

_WEAK: Final = frozenset({1, 2, 3, 23, 24})
"""Kinds of key that domains take no more: DES and RC4."""

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

    @classmethod
    def of(cls, host: Host, secret: SecretStr | None) -> "Account":
        """Who logs on to a host.

        Args:
            host: the host.
            secret: the account's password; None for its keytab, or the person's ticket cache.

        Raises:
            TicketError: Kerberos is not here, or its realm is not known.
        """
        _libraries()
        principal = principal_of(host.user) if host.user else ""
        if host.keytab is not None:
            return cls(principal, keytab=host.keytab)
        return cls(principal, password=secret)

    @property
    def kdc(self) -> str:
        """Who judges it."""
        return f"the KDC of {self.realm}"

    @property
    def realm(self) -> str:
        """Where it belongs."""
        return self.principal.rpartition("@")[2] or "your realm"


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


def get_ticket(account: Account, spend: Callable[[], None]) -> tuple[str, float]:
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


def own_cache(principal: str) -> str:
    """The ticket cache of the person, of one principal where it is said."""
    _, krb5 = _libraries()
    context = krb5.init_context()
    if not principal:
        return _name(krb5.cc_default(context))
    return _name(krb5.cc_cache_match(context, krb5.parse_name_flags(context, principal.encode())))


def serve(cache: str, host: Host) -> None:
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


def forget(caches: list[str]) -> None:
    """Take tickets out of memory, where they would stay as long as the process."""
    if not caches:
        return
    _, krb5 = _libraries()
    context = krb5.init_context()
    for name in caches:
        krb5.cc_destroy(context, krb5.cc_resolve(context, name.encode()))
    caches.clear()


def explained(error: Exception, account: Account, host: Host, *, spent: bool) -> TicketError:
    """The library's error in words.

    Args:
        error: the error.
        account: whose ticket was asked for.
        host: for which host.
        spent: the KDC may have got the password.
    """
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
        by=account.kdc if words.judged or spent else "",
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
