"""All that is wrong with an inventory, each with the place where it stands."""

from types import TracebackType
from typing import Self

from remediate.inventory.document import Place, Unreadable
from remediate.inventory.protocol import InventoryError
from remediate.model.text import in_quotes, unseen

MAX_MISTAKES = 1000
"""What is read of a file that is something else altogether."""


class Mistakes:
    """Mistakes as they are found; at its end, when entered, the inventory is refused for them.

    Args:
        source: the inventory.

    Raises:
        InventoryError: with all of them, in the order in which they are written.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[tuple[Place, str]] = []

    def at(self, place: Place) -> str:
        """A place, for a message."""
        return f"{self._source}:{place.line}:{place.column}"

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, place: Place, text: str) -> None:
        """One more.

        Raises:
            Unreadable: it is one too many.
        """
        if len(self._found) == MAX_MISTAKES:
            problem = f"from here on nothing was read, because of {MAX_MISTAKES} mistakes before"
            raise Unreadable(place, problem)
        self._found.append((place, text))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Unreadable):  # from there on nothing could be read
            self._found.append((error.place, error.problem))
        elif error is not None:
            return
        if self._found:
            told = (f"{self.at(place)}: {text}" for place, text in sorted(self._found))
            raise InventoryError(self._source, *told) from None


def short(name: str) -> str:
    """A name for the beginning of a message."""
    return in_quotes(name) if unseen(name) else name
