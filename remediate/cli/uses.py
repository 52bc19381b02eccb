"""What is to be done only because a record says so, in words that a person can agree to."""

from dataclasses import dataclass

LONGEST = 400
"""Characters of what a person is asked to agree to; nobody can judge more."""


@dataclass(frozen=True, slots=True)
class Use:
    """What is to be done only because a record says so.

    Args:
        what: in words, whole; empty when it cannot be shown to a person whole.
        brief: the same without what may be a secret itself.
        option: what says the same on the command line.
    """

    what: str
    brief: str
    option: str


def of_secret(reference: str) -> Use:
    """What a reference to a password means."""
    from remediate.secrets.program import LEFT_OUT, to_keep
    from remediate.secrets.reference import split_reference

    try:
        scheme, rest = split_reference(reference)
    except ValueError:  # perhaps the password itself
        return Use("", "log on with a reference that is not understood", "--password-from")
    match scheme:
        case "env":
            what = brief = f"log on with what is in the environment variable {rest}"
        case "file":
            what = brief = f"log on with what is in the file {rest}"
        case "keyring":
            what = brief = f"log on with what the keyring has for {rest}"
        case "command":
            _, program = split_reference(to_keep(reference))
            what = f"run the program {rest} and log on with what it prints"
            brief = f"run the program {program} and log on with what it prints"
            if rest.endswith(LEFT_OUT):
                what, brief = "", f"{brief}, and does not have its arguments"
        case _:
            what = brief = f"ask you for the password of {rest} and log on with it"
    if len(what) > LONGEST:
        what, brief = "", f"log on with a reference of {len(reference)} characters"
    return Use(what, brief, "--password-from")
