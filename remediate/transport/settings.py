"""What can be told of a host's settings, and what has to be set here, before it is talked to."""

import logging
import os
import sys
import warnings
from typing import Final

from remediate.model.connection import Auth
from remediate.model.host import WINDOWS, Host
from remediate.transport.errors import WrongSettings
from remediate.transport.wires import wire_of_environment

_LOUD: Final = ("pypsrp", "urllib3", "requests", "spnego")
WIRE_HINT: Final = "Correct it, or leave it unset for the usual wire; nothing was sent."


def has_password(host: Host) -> bool:
    """Whether a password is used to log on, which may be wrong."""
    if host.as_whoever_runs_this:
        return False
    if host.auth is Auth.KERBEROS:
        return host.keytab is None and host.password is not None
    return host.auth is not Auth.CERTIFICATE


def check(host: Host, platform: str = sys.platform) -> None:
    """Find what cannot work before anything is sent.

    Args:
        host: the host.
        platform: the system of this controller, as `sys.platform` calls it.

    Raises:
        WrongSettings: a setting is missing or contradicts another.
    """
    try:
        wire_of_environment()
    except ValueError as error:
        raise WrongSettings(host.name, str(error), hint=WIRE_HINT) from error
    if host.mistake is not None:
        text, hint = host.mistake
        raise WrongSettings(host.name, text, hint=hint)
    if host.keytab is not None and platform == WINDOWS:
        text = "a keytab is given, and Windows, where this runs, logs on with none"
        hint = "Give --password-from instead, or neither to log on as whoever runs this."
        raise WrongSettings(host.name, text, hint=hint)
    if host.auth is Auth.CERTIFICATE:
        if not host.tls:
            raise WrongSettings(host.name, "a client certificate needs TLS")
        return
    if host.as_whoever_runs_this and host.auth is Auth.NEGOTIATE and platform != WINDOWS:
        text = "no user is given, and only Windows has a logon of whoever runs this"
        raise WrongSettings(host.name, text, hint="Name the account with --user.")
    if host.user and not has_password(host) and platform == WINDOWS:
        text = f"no password is given for {host.user}, and Windows would log on as somebody else"
        hint = "Give --password-from, or leave out --user to log on as whoever runs this."
        raise WrongSettings(host.name, text, hint=hint)
    if has_password(host) and not host.user:
        raise WrongSettings(host.name, f"no user is given, which {host.auth} needs")


def quiet() -> None:
    """Silence the libraries: at DEBUG they write scripts and replies, in errors tracebacks.

    A level that somebody has set on purpose stays. What the environment says of NTLM does not: it
    would make a library speak NTLMv1, from which who listens gets the password.
    """
    os.environ.pop("LM_COMPAT_LEVEL", None)
    for name in _LOUD:
        logger = logging.getLogger(name)
        if logger.level == logging.NOTSET:
            logger.setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module=r"pypsrp(\.|$)")
