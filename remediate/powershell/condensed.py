"""Leaves out of a script what only its readers need: comments, empty lines, indentation."""

import re
from collections.abc import Iterator

from remediate.errors import RemediateError

_CODE = re.compile(
    r"""(?P<skip> `. | \$\{[^}]*\} | <\#.*?\#> | '[^']*'
                | @'[ \t]*\n.*?\n'@ | @"[ \t]*\n(?:(?!\n"@|\$\().)*\n"@)
      | (?P<comment> (?:^|(?<=[\s({;,|&])) \#[^\n]*)
      | (?P<quote> ")
      | (?P<open> \() | (?P<close> \))
      | (?P<line> \n)
      | (?P<unsure> \# | ' | @['"] | <\# | \$\{ | --% | [\r\u2018-\u201f])
      | .""",
    re.DOTALL | re.VERBOSE,
)
"""The next piece of code: what may be skipped as a whole, or what nothing sure is known of."""

_TEXT = re.compile(
    r"""(?P<skip> `. | \$\{[^}]*\} | "")
      | (?P<quote> ")
      | (?P<open> \$\()
      | (?P<unsure> [\r\u2018-\u201f])
      | .""",
    re.DOTALL | re.VERBOSE,
)
"""The next piece of a text in double quotes."""


class _UnsureError(RemediateError):
    """A script that this cannot read for certain."""


def condensed(text: str) -> list[tuple[int, str]]:
    """The lines of a script that say something, each with its number, from 1.

    A line is left out if it is empty or a comment as a whole, and loses its indentation, when it
    begins in code and not in a string, a here-string or a comment of several lines, and does not
    go on with the line before. A text that is not understood for certain stays as it is.

    Args:
        text: of a `.ps1` file, with line feeds.
    """
    lines = text.split("\n")
    try:
        free = {0, *_in_code(text)}
    except _UnsureError:
        return list(enumerate(lines, 1))
    found = []
    place = 0
    for number, line in enumerate(lines, 1):
        if place not in free:
            found.append((number, line))
        elif _says_something(line):
            found.append((number, line.lstrip(" \t")))
        place += len(line) + 1
    return found


def _says_something(line: str) -> bool:
    line = line.strip(" \t").casefold()
    return line.startswith("#requires") or not (line == "" or line.startswith("#"))


def _in_code(text: str) -> Iterator[int]:
    """Where lines begin in code, and begin anew.

    Raises:
        _UnsureError: it has what this does not read for certain.
    """
    brackets: list[int] = []  # that are open in each "…$( that is
    quoted, place = False, 0
    while place < len(text):
        piece = (_TEXT if quoted else _CODE).match(text, place)
        if piece is None or piece.lastgroup == "unsure":
            raise _UnsureError
        place = piece.end()
        if piece.lastgroup == "line" and not brackets:
            yield place
        elif piece.lastgroup == "quote":
            quoted = not quoted
        elif quoted and piece.lastgroup == "open":
            brackets.append(0)
            quoted = False
        elif brackets and piece.lastgroup in {"open", "close"}:
            brackets[-1] += 1 if piece.lastgroup == "open" else -1
            if brackets[-1] < 0:
                brackets.pop()
                quoted = True
    if quoted or brackets:
        raise _UnsureError
