"""Passwords that stand in an inventory of another program, which alone says where they are.

They are kept in memory, and a host refers to its own by name: `inventory:SRV01`. So no model,
record or text ever holds one.
"""

from pydantic import SecretStr

from remediate.secrets.errors import SecretError

SCHEME = "inventory"

_held: dict[str, SecretStr] = {}


def hold(name: str, secret: str) -> str:
    """Keep a password, and return the reference to it.

    Args:
        name: of the host that it is for.
        secret: the password.
    """
    _held[name] = SecretStr(secret)
    return f"{SCHEME}:{name}"


def held(name: str) -> SecretStr:
    """A password that is kept.

    Raises:
        SecretError: it is not: the inventory has not been read by this command.
    """
    if name not in _held:
        raise SecretError(
            f"the password of {name} stands in its inventory: give that with --inventory, or "
            "another password with --password-from"
        )
    return _held[name]
