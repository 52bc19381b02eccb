"""Certificates of a lab: an authority made for it, a server's certificate, a client's."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


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


class _Authority:
    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            _builder(self.name, self.name, self.key.public_key(), datetime.now(UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )

    def issue(
        self, name: str, names: list[x509.GeneralName], use: x509.ObjectIdentifier, begin: datetime
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            _builder(subject, self.name, key.public_key(), begin)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                critical=False,
            )
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256()), key


def make_certificates(folder: Path, addresses: Iterable[str], user: str, kind: Tls) -> Certificates:
    """Make everything that a lab with TLS needs.

    Args:
        folder: where the files go; only its owner may read it.
        addresses: what the hosts listen on.
        user: the account that the client's certificate stands for.
        kind: what the server's certificate is like.
    """
    authority = _Authority("remediate lab")
    signer = _Authority("somebody else") if kind is Tls.UNKNOWN_AUTHORITY else authority
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ip_address(address)) for address in sorted(set(addresses))]
    if kind is Tls.WRONG_NAME:
        names = [x509.DNSName("elsewhere.example")]
    begin = datetime.now(UTC) - (timedelta(days=90) if kind is Tls.EXPIRED else timedelta(0))
    server, key = signer.issue("localhost", names, ExtendedKeyUsageOID.SERVER_AUTH, begin)
    client, client_key = authority.issue(
        user, [], ExtendedKeyUsageOID.CLIENT_AUTH, datetime.now(UTC)
    )
    files = {name: folder / f"{name}.pem" for name in ("ca", "server", "server-key", "client")}
    files["client-key"] = folder / "client-key.pem"
    _write(files["ca"], authority.certificate.public_bytes(serialization.Encoding.PEM))
    _write(files["server"], server.public_bytes(serialization.Encoding.PEM))
    _write(files["server-key"], _pem(key))
    _write(files["client"], client.public_bytes(serialization.Encoding.PEM))
    _write(files["client-key"], _pem(client_key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files["server"], files["server-key"])
    context.load_verify_locations(files["ca"])
    context.verify_mode = ssl.CERT_OPTIONAL
    return Certificates(
        ca_file=files["ca"],
        client_files=(files["client"], files["client-key"]),
        context=context,
        server_hash=server.fingerprint(hashes.SHA256()),
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begin: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - timedelta(hours=1))
        .not_valid_after(begin + timedelta(days=30))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(data)
