"""The keyring of the account that runs this: Windows' Credential Manager, a Keychain, a wallet."""

from importlib import import_module

from remediate.secrets.errors import SecretError


def from_keyring(service: str, user: str) -> str:
    """The password that a keyring has.

    Args:
        service: under which it was put there.
        user: whose it is.

    Raises:
        SecretError: there is none, or no keyring that can be asked.
    """
    if not user:
        raise SecretError(f"the keyring has passwords of users, and none is given ({service})")
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise SecretError(
            "keyring: needs a package that is not installed: pip install 'remediate[keyring]'"
        ) from None
    try:
        found = keyring.get_password(service, user)
    except Exception as error:  # noqa: BLE001 - every backend has errors of its own
        raise SecretError(f"the keyring cannot be asked: {type(error).__name__}") from None
    if not found:
        raise SecretError(
            f"the keyring has no password of {user} for {service}: "
            f"put it there with keyring set {service} {user}"
        )
    return str(found)
