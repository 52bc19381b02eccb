"""Files with secrets: read only when they are for this account alone, as ssh does it."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from remediate.files import FileRefused, read_content
from remediate.model.connection import Auth
from remediate.model.host import Host
from remediate.secrets.errors import SecretError

MAX_PEM = 1024 * 1024
"""Bytes of a file of certificates or of a key."""

OPTION = "--allow-open-files"
"""The option by which a file is used that others may read, too."""


def read_own(path: Path, what: str, most: int, *, allow_open: bool) -> bytes:
    """What is in a file that only this account, or root, may read.

    Args:
        path: the file.
        what: what it is, for an error (`the password file`).
        most: bytes; a longer file is refused.
        allow_open: others may read it.

    Raises:
        SecretError: others may, or it is no file with an end.
        OSError: it cannot be read.
    """
    try:
        content = read_content(path, most)
    except FileRefused as error:
        raise SecretError(f"{what} {path} cannot be used: {error.why}") from None
    if content.read_by and not allow_open:
        raise SecretError(
            f"{what} {path} is not for this account alone: {content.read_by}; "
            f"change that (chmod 600 {path}), or accept it with {OPTION}"
        )
    return content.data


def require_files(hosts: Iterable[Host], *, allow_open: bool = False) -> None:
    """Make sure that keys are for this account alone, and certificates are files with an end.

    One that is missing is left to its host's connection to tell.

    Args:
        hosts: any hosts, whether they name such files or not.
        allow_open: others may read the keys, too.

    Raises:
        SecretError: one is not.
    """
    named: dict[tuple[Path | None, str, bool], None] = {}
    for host in hosts:
        if host.auth is Auth.CERTIFICATE:
            named[host.key_file, "the key file", allow_open] = None
            named[host.cert_file, "the certificate file", True] = None
        if host.auth is Auth.KERBEROS:
            named[host.keytab, "the keytab", allow_open] = None
        if host.tls:
            named[host.ca_file, "the file of authorities", True] = None
    for path, what, may_be_open in named:
        if path is not None:
            with suppress(OSError):
                read_own(path, what, MAX_PEM, allow_open=may_be_open)
