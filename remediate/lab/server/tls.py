"""Certificates of a lab: an authority made for it, a server's certificate, a client's."""

import hashlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID


class Tls(StrEnum):
    """What a host's certificate is like; all but the first are not to be trusted."""

    VALID = "valid"
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    WRONG_NAME = "wrong-name"
    UNKNOWN_AUTHORITY = "unknown-authority"
    SELF_SIGNED = "self-signed"
    WEAK_KEY = "weak-key"


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
    client = authority.issue_cert("client.example", common_name=user)
    ca_file, client_file, key_file = (folder / f"{name}.pem" for name in ("ca", "client", "key"))
    authority.cert_pem.write_to_path(ca_file)
    client.cert_chain_pems[0].write_to_path(client_file)
    client.private_key_pem.write_to_path(key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    begins = datetime.now(UTC) + timedelta(days=_BEGINS.get(kind, -1))
    if kind in {Tls.SELF_SIGNED, Tls.WEAK_KEY}:
        certificate = _by_itself(folder, context, begins, weak=kind is Tls.WEAK_KEY)
    else:
        signer = trustme.CA() if kind is Tls.UNKNOWN_AUTHORITY else authority
        names = ["localhost", *sorted(set(addresses))]
        if kind is Tls.WRONG_NAME:
            names = ["elsewhere.example"]
        server = signer.issue_cert(*names, not_before=begins, not_after=begins + _VALID)
        server.configure_cert(context)
        certificate = ssl.PEM_cert_to_DER_cert(server.cert_chain_pems[0].bytes().decode())
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return Certificates(
        ca_file=ca_file,
        client_files=(client_file, key_file),
        context=context,
        server_hash=hashlib.sha256(certificate).digest(),
    )


_VALID = timedelta(days=31)
_BEGINS = {Tls.EXPIRED: -91, Tls.NOT_YET_VALID: 2}
"""Days from now."""


def _by_itself(folder: Path, context: ssl.SSLContext, begins: datetime, *, weak: bool) -> bytes:
    """A certificate as New-SelfSignedCertificate makes it for a server's name, in use."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024 if weak else 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SRV01")])
    alone = x509.SubjectAlternativeName([x509.DNSName("SRV01")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + _VALID)
        .add_extension(alone, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.touch(mode=0o600)
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    if weak:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.load_cert_chain(file)
    return made.public_bytes(serialization.Encoding.DER)
