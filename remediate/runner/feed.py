"""Items that come while others are worked on."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic

from remediate.runner.protocol import Item


class Feed(Generic[Item]):
    """What is to be worked on, of which more may come as long as it is open.

    One thread puts in, and another takes out.

    Args:
        items: what is there.
    """

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items = deque(items)
        self.is_open = True
        self.workers: int | None = None
        """How many are worked on at the same time, if those are fewer than else."""
        self.changed: Callable[[], None] = lambda: None
        """Is called when there is something new."""

    def put(self, items: Iterable[Item], workers: int) -> None:
        """More has come.

        Args:
            items: what.
            workers: how many are worked on at the same time from now on.
        """
        self.workers = workers
        self._items.extend(items)
        self.changed()

    def close(self) -> None:
        """No more will come."""
        self.is_open = False
        self.changed()

    def take(self) -> list[Item]:
        """What has come, in its order."""
        return [self._items.popleft() for _ in range(len(self._items))]
