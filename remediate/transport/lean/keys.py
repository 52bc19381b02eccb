"""The key under which secrets travel: agreed upon once for a shell, and of nothing but libraries.

https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp (2.2.2.3, 2.2.2.4, 2.2.5.1.24). The
blobs are those of Windows' CryptoAPI, numbers with the lowest byte first.
"""

import base64
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from remediate.transport.lean.faults import MessageError

_BITS: Final = 2048
_PUBLIC: Final = struct.pack("<BBHI4sI", 6, 2, 0, 0xA400, b"RSA1", _BITS)
_SESSION: Final = struct.pack("<BBHII", 1, 2, 0, 0x6610, 0xA400)
_SESSION_BYTES: Final = 32
_NO_VECTOR: Final = bytes(16)  # as the protocol has it: each key is used for one shell


class KeyPair:
    """A pair of keys for one agreement."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)

    @property
    def public(self) -> str:
        """The public one, for the host."""
        numbers = self._private.public_key().public_numbers()
        modulus = numbers.n.to_bytes(_BITS // 8, "little")
        return base64.b64encode(_PUBLIC + struct.pack("<I", numbers.e) + modulus).decode()

    def opened(self, sealed: str) -> "SessionKey":
        """The session key that the host has sealed for us.

        Args:
            sealed: what it sends.

        Raises:
            MessageError: it is none.
        """
        try:
            blob = base64.b64decode(sealed, validate=True)
            key = self._private.decrypt(blob[: len(_SESSION) - 1 : -1], padding.PKCS1v15())
        except ValueError as error:
            raise MessageError("it sends a key that is none") from error
        if not blob.startswith(_SESSION) or len(key) != _SESSION_BYTES:
            raise MessageError("it sends a key that is none")
        return SessionKey(key)


class SessionKey:
    """Seals secrets for the shell that it was agreed upon with.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(_NO_VECTOR))

    def sealed(self, secret: str) -> str:
        """A secret as it travels."""
        padder = PKCS7(algorithms.AES.block_size).padder()
        padded = padder.update(secret.encode("utf-16-le")) + padder.finalize()
        encryptor = self._cipher.encryptor()
        return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()
