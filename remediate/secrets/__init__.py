"""A reference becomes a secret at the last moment; nothing else ever holds one."""

from remediate.secrets.errors import SecretError
from remediate.secrets.resolve import Secrets, resolve

__all__ = ["SecretError", "Secrets", "resolve"]
