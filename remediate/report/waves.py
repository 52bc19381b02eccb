"""What became of the hosts of each wave, counted in one place."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remediate.model.exit_code import GRAVITY, ExitCode
from remediate.report.lines import STRONG, Line, line
from remediate.report.words import hosts_with


@dataclass(slots=True)
class Row:
    """A wave, or several in a row whose hosts all have one verdict.

    Args:
        first: number of the first of them, from 1.
        last: number of the last of them.
        verdicts: how many of their hosts have which, in words.
    """

    first: int
    last: int
    verdicts: Counter[str] = field(default_factory=Counter)

    @property
    def hosts(self) -> int:
        """How many hosts they have."""
        return self.verdicts.total()

    @property
    def name(self) -> str:
        """Which they are: `2`, or `3 to 8`."""
        return f"{self.first:,}" + (f" to {self.last:,}" if self.last > self.first else "")


class WaveTally:
    """Counts hosts in.

    Args:
        waves: number of the wave of each host, from 1, by its name; none where all go together.
    """

    def __init__(self, waves: Mapping[str, int]) -> None:
        self._waves = waves
        self._rows: dict[int, Row] = {}
        self._codes: dict[str, ExitCode] = {}

    def add(self, host: str, verdict: str, code: ExitCode) -> None:
        """Count a host in.

        Args:
            host: its name.
            verdict: its verdict in words.
            code: what that means for the process.
        """
        wave = self._waves.get(host)
        if wave is not None:
            self._codes.setdefault(verdict, code)
            self._rows.setdefault(wave, Row(wave, wave)).verdicts[verdict] += 1

    def rows(self) -> Sequence[Row]:
        """The waves in their order."""
        found: list[Row] = []
        for _, row in sorted(self._rows.items()):
            last = found[-1] if found else None
            if last and len(last.verdicts) == 1 and last.verdicts.keys() == row.verdicts.keys():
                last.last = row.last
                last.verdicts += row.verdicts
            else:
                found.append(Row(row.first, row.last, row.verdicts.copy()))
        return found

    def lines(self) -> Iterator[Line]:
        """A line for each row, on a terminal."""
        for row in self.rows():
            waves = "waves" if row.last > row.first else "wave"
            yield line(0, (f"{waves} {row.name}: ", STRONG), self.sentence(row))

    def parts(self, row: Row) -> Sequence[tuple[str, int, ExitCode]]:
        """Its verdicts with their hosts and what they mean for the process, the gravest last."""
        return sorted(
            ((name, many, self._codes[name]) for name, many in row.verdicts.items()),
            key=lambda part: (-GRAVITY.index(part[2]), part[0]),
        )

    def sentence(self, row: Row) -> str:
        """The same in words: `78 changed, 2 failed`."""
        return ", ".join(hosts_with(name, many) for name, many, _ in self.parts(row))
