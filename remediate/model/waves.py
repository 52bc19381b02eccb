"""Hosts in waves: how many go first, how many at a time then, and what stops the rest."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

_WRITTEN = re.compile(r"([0-9]{1,6})(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """So many hosts, or so many of a hundred.

    Args:
        number: how many.
        percent: of a hundred.
    """

    number: int
    percent: bool = False

    @classmethod
    def read(cls, text: str) -> Self:
        """What was written: `5`, or `10%`.

        Raises:
            ValueError: it is neither; says what to write.
        """
        written = _WRITTEN.fullmatch(text)
        if written is None or (written[2] and int(written[1]) > 100):  # noqa: PLR2004 - all of them
            msg = "write a number of hosts, such as 5, or a part of them, such as 10%"
            raise ValueError(msg)
        return cls(int(written[1]), bool(written[2]))

    @classmethod
    def read_some(cls, text: str) -> Self:
        """The same, of which there has to be something.

        Raises:
            ValueError: it is nothing, or none of both.
        """
        share = cls.read(text)
        if share.number == 0:
            msg = "no host would be in it: write 1 or more"
            raise ValueError(msg)
        return share

    def group(self, hosts: int) -> int:
        """How many of some hosts that is as a group, which has one host at least."""
        return max(1, -(-hosts * self.number // 100) if self.percent else self.number)

    def limit(self, hosts: int) -> int:
        """How many of some hosts that is as a limit, which is not passed by a part of a host."""
        return hosts * self.number // 100 if self.percent else self.number


NONE = Share(0)


@dataclass(frozen=True, slots=True)
class Waves:
    """How a run goes through its hosts. Shares are of all its hosts.

    Args:
        canary: how many go first, and alone; None for none.
        batch: how many go together after them; None for all.
        max_failed: how many may fail, and the rest is begun all the same; None for any number. Of
            those that go first none may.
        max_unreachable: how many may not be reached; None for any number.
        max_indeterminate: of how many nobody may know what became of them.
    """

    canary: Share | None = None
    batch: Share | None = None
    max_failed: Share | None = None
    max_unreachable: Share | None = None
    max_indeterminate: Share = NONE

    def sizes(self, hosts: int) -> tuple[int, ...]:
        """How many of some hosts each wave has, in their order."""
        sizes = [min(hosts, self.canary.group(hosts))] if self.canary and hosts else []
        batch = self.batch.group(hosts) if self.batch else hosts
        while left := hosts - sum(sizes):
            sizes.append(min(left, batch))
        return tuple(sizes)


def in_waves(hosts: Iterable[str], sizes: Sequence[int]) -> dict[str, int]:
    """The number of each host's wave, from 1, by its name; nothing where all go together.

    Args:
        hosts: names, in the order in which they go.
        sizes: how many of them each wave has.
    """
    numbers = (number for number, size in enumerate(sizes, 1) for _ in range(size))
    return dict(zip(hosts, numbers, strict=False))
