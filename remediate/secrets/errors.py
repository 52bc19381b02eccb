"""What can go wrong on the way from a reference to a secret."""

from remediate.errors import RemediateError


class SecretError(RemediateError, ValueError):
    """A reference cannot be turned into a secret. The text is for people and holds no secret."""
