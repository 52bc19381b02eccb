"""What reads an inventory in a format of ours, from its bytes to the hosts."""

from abc import ABC, abstractmethod

from remediate.inventory.document import decoded
from remediate.inventory.gathered import Gathered
from remediate.inventory.mistakes import Mistakes
from remediate.inventory.settings import Settings


class Reading(ABC):
    """One inventory that is being read.

    Args:
        gathered: what is put together of it.
        mistakes: what is wrong with it.
        settings: reads what it says of connections.
    """

    def __init__(self, gathered: Gathered, mistakes: Mistakes, settings: Settings) -> None:
        self._gathered = gathered
        self._mistakes = mistakes
        self._wrong = mistakes.add
        self._settings = settings

    @abstractmethod
    def take(self, text: str) -> None:
        """Take in the whole of it.

        Raises:
            Unreadable: it cannot be understood from some place on.
        """

    @classmethod
    def read(cls, source: str, data: bytes, settings: Settings) -> Gathered:
        """The inventory that some bytes are.

        Args:
            source: where it comes from, for messages.
            data: its bytes.
            settings: reads what it says of connections.

        Raises:
            InventoryError: it says something that is not understood or not allowed.
        """
        mistakes, gathered = Mistakes(source), Gathered(source)
        with mistakes:
            cls(gathered, mistakes, settings).take(decoded(data))
        return gathered
