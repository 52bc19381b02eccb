"""A reference says where a password is, never what it is."""

from pathlib import Path

FORMS = "env:NAME, prompt:, file:PATH, keyring:SERVICE or command:PROGRAM"
_SCHEMES = {"env", "prompt", "file", "keyring", "command"}


def split_reference(reference: str) -> tuple[str, str]:
    """The form of a reference, and what follows it.

    Raises:
        ValueError: it has no known form. What was given is not repeated: it may be the password.
    """
    scheme, colon, rest = reference.partition(":")
    if not colon or scheme not in _SCHEMES or (scheme != "prompt" and not rest):
        msg = f"a password is given by reference ({FORMS}), not as itself"
        raise ValueError(msg)
    return scheme, rest


def placed(reference: str, folder: Path) -> str:
    """The reference, with a file's path complete: it is used later, from wherever that is.

    Args:
        reference: as it was written.
        folder: where a file of it is looked for.

    Raises:
        ValueError: it has no known form, or its file's place cannot be told.
    """
    scheme, rest = split_reference(reference)
    return f"file:{placed_file(rest, folder)}" if scheme == "file" else reference


def placed_file(path: str, folder: Path) -> Path:
    """The complete path of a file that somebody named.

    Raises:
        ValueError: it is in the home of an account that is not known here.
    """
    try:
        return folder.absolute() / Path(path).expanduser()
    except RuntimeError:
        msg = f"this machine knows no home folder for {Path(path).parts[0]}"
        raise ValueError(msg) from None
