"""An error as data."""

from remediate.model.base import Model


class Problem(Model):
    """What happened and what to do next.

    Args:
        code: stable name of the error's class (`authentication_failed`).
        message: what happened, in words.
        hint: what to do next.
    """

    code: str
    message: str
    hint: str = ""
