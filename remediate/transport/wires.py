"""Which wire carries messages: our own, or that of the libraries, to compare with."""

import os
from enum import StrEnum
from typing import Final

VARIABLE: Final = "REMEDIATE_WIRE"
"""The variable of the environment that says it."""


class WireName(StrEnum):
    """The wires."""

    LEAN = "lean"
    PYPSRP = "pypsrp"


def wire_of_environment() -> WireName:
    """The wire that the environment asks for, or the usual one.

    Raises:
        ValueError: there is none of that name; the text is for people.
    """
    said = os.environ.get(VARIABLE) or WireName.LEAN
    try:
        return WireName(said)
    except ValueError:
        raise ValueError(f"{VARIABLE} has to be {' or '.join(WireName)}, not {said}") from None
