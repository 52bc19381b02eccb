"""What a word on the command line has to be, where click would take more than was meant."""

import math
from collections.abc import Callable
from typing import TypeVar

import click

_T = TypeVar("_T")
_S = TypeVar("_S")
Check = Callable[[click.Context, click.Parameter, _S | None], _T | None]


def _checked(read: Callable[[_S], _T]) -> Check[_S, _T]:
    """A callback of an option that is read by `read`; its ValueError says what is wrong."""

    def callback(ctx: click.Context, param: click.Parameter, value: _S | None) -> _T | None:
        try:
            return None if value is None else read(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


def _seconds(seconds: float) -> float:
    if math.isnan(seconds):  # which click finds in every range
        msg = "write a number of seconds"
        raise ValueError(msg)
    return seconds


def _variable(word: str) -> str:
    from remediate.model.text import unseen

    if not word.startswith("env:") or unseen(word.removeprefix("env:")):
        msg = "write env:NAME, the name of an environment variable"  # the word may be a password
        raise ValueError(msg)
    return word


def read_by(read: Callable[[str], _T]) -> Check[str, _T]:
    """A callback of an option whose value is read by `read`.

    Args:
        read: its ValueError says what is wrong.
    """

    def typed(word: str) -> _T:
        try:
            return read(word)
        except ValueError as error:
            advice = "" if word.isprintable() else "; type it in single quotes"
            msg = f"{error}{advice}"
            raise ValueError(msg) from None

    return _checked(typed)


seconds = _checked(_seconds)
"""A time."""

variable = _checked(_variable)
"""A reference to an environment variable."""
