"""Certificates of a lab: an authority made for it, a server's certificate, a client's."""

import hashlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import trustme


class Tls(StrEnum):
    """What a host's certificate is like; all but the first are not to be trusted."""

    VALID = "valid"
    EXPIRED = "expired"
    WRONG_NAME = "wrong-name"
    UNKNOWN_AUTHORITY = "unknown-authority"


@dataclass(frozen=True)
class Certificates:
    """Files of a lab, and the server's side of TLS.

    Args:
        ca_file: the authority, for clients.
        client_files: certificate and key of a client whose name is the account's.
        context: for the server.
        server_hash: SHA-256 of the server's certificate.
    """

    ca_file: Path
    client_files: tuple[Path, Path]
    context: ssl.SSLContext
    server_hash: bytes


def make_certificates(folder: Path, addresses: Iterable[str], user: str, kind: Tls) -> Certificates:
    """Make everything that a lab with TLS needs.

    Args:
        folder: where the files go; only its owner may read it.
        addresses: what the hosts listen on.
        user: the account that the client's certificate stands for.
        kind: what the server's certificate is like.
    """
    authority = trustme.CA(organization_name="remediate lab")
    signer = trustme.CA() if kind is Tls.UNKNOWN_AUTHORITY else authority
    names = ["localhost", *sorted(set(addresses))]
    if kind is Tls.WRONG_NAME:
        names = ["elsewhere.example"]
    until = datetime.now(UTC) + timedelta(days=-60 if kind is Tls.EXPIRED else 30)
    server = signer.issue_cert(*names, not_before=until - timedelta(days=31), not_after=until)
    client = authority.issue_cert("client.example", common_name=user)
    ca_file, client_file, key_file = (folder / f"{name}.pem" for name in ("ca", "client", "key"))
    authority.cert_pem.write_to_path(ca_file)
    client.cert_chain_pems[0].write_to_path(client_file)
    client.private_key_pem.write_to_path(key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    server.configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    certificate = ssl.PEM_cert_to_DER_cert(server.cert_chain_pems[0].bytes().decode())
    return Certificates(
        ca_file=ca_file,
        client_files=(client_file, key_file),
        context=context,
        server_hash=hashlib.sha256(certificate).digest(),
    )
