"""What stands in a YAML document, taken out row by row; what is wrong is kept with its place."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import TypeVar

from remediate.inventory.document import Node, Table, Text
from remediate.inventory.mistakes import Mistakes
from remediate.model.text import in_quotes

_STYLES = {
    '"': ": in double quotes YAML gives a backslash a meaning of its own, so write it without "
    "quotes or in single quotes",
    "|": ": write it on one line",
    ">": ": write it on one line",
}

_T = TypeVar("_T")
Rows = Sequence[tuple[Text, Node]]


class Written:
    """Takes texts out of a document.

    Args:
        mistakes: where to keep what is wrong.
    """

    def __init__(self, mistakes: Mistakes) -> None:
        self._wrong = mistakes.add

    def rows(self, node: Node | None, form: str) -> Rows:
        """The rows of a mapping; none where nothing stands.

        Args:
            node: what should be one.
            form: what to write, where it is something else.
        """
        if isinstance(node, Table):
            return node.rows
        if node is not None and not (isinstance(node, Text) and node.nothing):
            self._wrong(node.place, form)
        return ()

    def value(
        self, what: str, key: Text, node: Node, read: Callable[[str], _T], before: str = ""
    ) -> _T | None:
        """What the value of a key means; None where that is a mistake.

        Args:
            what: is to be told of, for a mistake.
            key: the key.
            node: its value.
            read: what a text means; its ValueError says what is wrong.
            before: begins what `read` says.
        """
        if not isinstance(node, Text):
            self._wrong(node.place, f"{what} is one text, not a list or mapping")
        elif node.nothing:  # told at the key: what is not there has no place
            text = f"is {node.value}, which is nothing in YAML" if node.value else "has no value"
            self._wrong(key.place, f"{what} {text}: leave it out, or put a text in quotes")
        else:
            return self.read(node, read, before=before)
        return None

    def read(
        self, text: Text, read: Callable[[str], _T], after: str = "", before: str = ""
    ) -> _T | None:
        """What a text means; None where that is a mistake.

        Args:
            text: the text.
            read: as for `value`.
            after: ends what `read` says.
            before: begins it.
        """
        try:
            return read(text.value)
        except ValueError as error:
            advice = _STYLES.get(text.style, "") if not text.value.isprintable() else ""
            self._wrong(text.place, f"{before}{error}{after}{advice}")
        return None

    def unknown(self, key: Text, known: Sequence[str], before: str = "") -> None:
        """A key that means nothing.

        Args:
            key: the key.
            known: what could be meant.
            before: begins what is told.
        """
        near = get_close_matches(key.value[:20], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self._wrong(key.place, f"{before}there is no setting {in_quotes(key.value)}{hint}")
