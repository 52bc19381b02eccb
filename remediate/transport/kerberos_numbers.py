"""What the numbers of Kerberos' library mean: why there is no ticket, and what to do.

They are the same for each of the ways in which the library reports a failure:
https://web.mit.edu/kerberos/krb5-latest/doc/appdev/refs/macros/index.html.
"""

from typing import Final, NamedTuple

from remediate.errors import RemediateError

_EXPIRED: Final = -1765328352
_NO_CACHE: Final = -1765328189
_FIRST: Final = -1765328384


class TicketError(RemediateError):
    """There is no ticket for a host.

    Args:
        detail: why, as the end of a sentence.
        hint: what to do.
        by: who has judged the account or its password, or may have, and may lock it when asked
            again; empty when nobody has.
        passing: it may be otherwise in a while.
    """

    def __init__(self, detail: str, hint: str = "", *, by: str = "", passing: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.by = by
        self.passing = passing


class Words(NamedTuple):
    """What a number means.

    Args:
        detail: why there is no ticket.
        hint: what to do.
        judged: the account or its password was judged.
        passing: as for TicketError.
    """

    detail: str
    hint: str
    judged: bool = False
    passing: bool = False


_REFUSED: Final = Words(
    "the KDC of {realm} does not accept {proof} of {who}",
    "It was tried once only, and accounts lock. {correct}",
    judged=True,
)
_NO_TICKET: Final = Words(
    "the ticket cache has no ticket of {who}",
    "Get one with kinit, or give --keytab or --password-from.",
)
NO_KDC: Final = Words(
    "no KDC of {realm} answers",
    "Check the network to the domain's controllers (port 88), and what krb5.conf says of the "
    "realm.",
    passing=True,
)
_NO_REALM: Final = Words(
    "no KDC is known for the realm {realm}",
    "Check the realm in --user; a domain's realm is its DNS name in capitals. krb5.conf, or the "
    "DNS record _kerberos._tcp of the realm, has to name its KDCs.",
)
CIPHERS: Final = Words(
    "the KDC of {realm} and this machine have no cipher in common for {who}",
    "RC4 and DES are turned off nowadays: the account needs keys of AES, which it gets when its "
    "password is set anew.",
)
_REVOKED: Final = Words(
    "the KDC of {realm} says that {who} is locked out or disabled",
    "Have the account unlocked or enabled.",
    judged=True,
)
_CLOCKS: Final = Words(
    "the clocks of the host, of the KDC and of this machine do not agree",
    "Compare the three. Where they agree, the ticket was got while they did not: get a new one "
    "with kinit.",
)
MEANINGS: Final[dict[int, Words]] = {
    _FIRST + 1: Words(
        "the account {who} has expired", "Have it extended, or use another.", judged=True
    ),
    _FIRST + 6: Words(
        "the KDC of {realm} does not know {who}",
        "Check --user: NAME@REALM, where the name is the one before the @ or behind the backslash.",
    ),
    _FIRST + 7: Words(
        "the KDC of {realm} does not know the service {service}",
        "Give the full name of the host with --kerberos-host, or the name of a service that is "
        "registered for it with --kerberos-service (setspn -L HOST shows them). A reverse look-up "
        "may also have changed the name: rdns = false in krb5.conf.",
    ),
    _FIRST + 12: Words(
        "the policy of the KDC of {realm} does not let {who} log on here and now",
        "Look at the account's hours, workstations and authentication policies.",
        judged=True,
    ),
    _FIRST + 14: CIPHERS,
    _FIRST + 18: _REVOKED,
    _FIRST + 23: Words(
        "the password of {who} has expired, or has to be changed before it is used",
        "Change it (kpasswd {who}, or at a Windows of the domain), and run it again.",
        judged=True,
    ),
    _FIRST + 24: _REFUSED,
    _FIRST + 31: _REFUSED,
    _EXPIRED: Words("the ticket of {who} has expired", "Get a new one with kinit."),
    _FIRST + 37: _CLOCKS,
    _FIRST + 68: Words(
        "the KDC that was asked is not one of {realm}, the realm of {who}",
        "Check the realm in --user, and the KDCs that krb5.conf names for it.",
    ),
    -1765328160: _NO_REALM,
    -1765328164: _NO_REALM,
    _NO_CACHE: _NO_TICKET,
    -1765328203: Words(
        "the keytab {keytab} has no key of {who}",
        "klist -k {keytab} shows whose keys it has: name one of them with --user.",
    ),
    -1765328228: NO_KDC,
    -1765328230: _NO_REALM,
    -1765328234: CIPHERS,
    -1765328243: _NO_TICKET,
    -1750600181: _NO_TICKET._replace(
        hint="The cache is kept by a program that does not run (KCM): start it, or set KRB5CCNAME "
        "to a file."
    ),
}
"""By the library's numbers."""


def tells(error: BaseException) -> int | None:
    """The number in an error of the library; None for any other error."""
    number = getattr(error, "err_code", None)  # of krb5
    if number is None:
        number = getattr(error, "min_code", None)  # of gssapi, which knows no sign
    if not isinstance(number, int):
        return None
    return number - (1 << 32) if number >= 1 << 31 else number


def meaning(error: BaseException) -> tuple[str, str] | None:
    """What the library says of a host's answer, and what to do; None for any other error."""
    number = tells(error)
    if number is None:
        return None
    words = MEANINGS.get(number)
    if words is _CLOCKS:
        return words.detail, words.hint
    return f"the answer is not what Kerberos expects ({said(error)})", ""


def said(error: BaseException) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
