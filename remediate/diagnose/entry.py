"""What the catalogue says of one cause.

Plain classes of Python, so that one question is answered without what checks YAML (`written`).
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from remediate.errors import RemediateError

Trust = Literal["documented", "secondary", "inferred"]
"""Whether the maker of the product says so, somebody else does, or it was concluded."""


class CatalogueError(RemediateError):
    """A file of the catalogue cannot be used. Its text names the file, the entry and why."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that a cause is known by.

    Args:
        number: without a sign, as 32 bits have it.
        words: one of them in the text makes the number one of this cause.
        beside: words right before it that do so, where it is below 10,000; for a larger one any
            word of its kind does (`error`, `id`).
        needed: without one of the words it is none of this cause, however it is written.
    """

    number: int
    words: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A cause: what it is known by, and what to do about it.

    Args:
        id: small letters, digits and single dashes.
        title: what is wrong, in a line.
        cause: why that happens.
        check: what to look at, to be sure.
        source: address of who says so.
        checked: when that was last looked up.
        trust: how well it is known.
        numbers: that it is known by.
        names: of errors, such as SalLowDiskSpace; each stands for this cause alone.
        en: parts of its messages in English.
        ko: the same in Korean.
        about: words with which people ask about it; all of one line have to be there, in any order.
        playbooks: ids of those that look at it or repair it, the nearest first.
        steps: what a person does about it.
        elsewhere: words of texts that have its message or number, and are about something else.
        general: it fits much; another cause that is recognised beside it is the closer one.
    """

    id: str
    title: str
    cause: str
    check: tuple[str, ...]
    source: str
    checked: date
    trust: Trust
    numbers: tuple[Number, ...] = ()
    names: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    ko: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    playbooks: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    general: bool = False
