r"""Waivers in a YAML file: what is left as it is on hosts of an inventory, why, and until when.

    waivers:
      - host: SRV-EU-*
        playbook: schedule-fix
        rule: multiple-instances
        resource: scheduled_task \Microsoft\OnlineBackup\ *
        reason: The vendor's job needs it until version 8 (CHG-4711).
        who: Ada Lovelace
        expires: 2027-03-31

Every value is the text that stands there. Without `resource` it is about any.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from remediate.files import read_content
from remediate.inventory.document import Items, Node, Place, Table, Text, decoded, read_document
from remediate.inventory.mistakes import Mistakes
from remediate.inventory.protocol import InventoryError
from remediate.inventory.written import Written
from remediate.model.text import check_text, in_quotes
from remediate.model.waiver import Waiver

SECTION = "waivers"
"""The one key of such a file."""

MAX_BYTES = 1024 * 1024
"""Of a file: some thousand waivers."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FORM = "write it as a day, 2027-03-31, which ends in UTC, or as a time, 2027-03-31T18:00+01:00"
_NEEDED = {
    "host": "the hosts that it is about, such as SRV-EU-*",
    "playbook": "the id of the playbook that finds it",
    "rule": "the playbook's name for what is wrong, or * for all that it finds",
    "reason": "why it is left as it is",
    "who": "who decided so",
    "expires": "until when: a waiver without an end is none",
}
_KNOWN = (*_NEEDED, "resource")

Look = Callable[[str, Mapping[str, Any]], str]
"""What is wrong with a waiver besides how it is written; empty when nothing.

It is told the place (`waivers.yaml:3:5`), and what the waiver says as far as that is understood:
None, or not there, where it is not.
"""


def _nothing_else(at: str, said: Mapping[str, Any]) -> str:
    del at, said
    return ""


def open_waivers(named: str | Path, look: Look = _nothing_else) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Args:
        named: the file.
        look: says what else is wrong with a waiver.

    Raises:
        InventoryError: it cannot be read, or used; it says all that is wrong.
    """
    path = Path(named)
    try:
        data = read_content(path, MAX_BYTES).data
    except OSError as error:
        text = f"the waivers {path} cannot be read: {error.strerror}"
        raise InventoryError(str(path), text) from None
    return read_waivers(str(path), data, look)


def read_waivers(source: str, data: bytes, look: Look = _nothing_else) -> tuple[Waiver, ...]:
    """The waivers that some bytes are.

    Args:
        source: where they come from, for messages.
        data: the bytes.
        look: says what else is wrong with a waiver.

    Raises:
        InventoryError: they say something that is not understood.
    """
    mistakes = Mistakes(source)
    reading = _Reading(mistakes, look)
    with mistakes:
        reading.take(read_document(decoded(data), mistakes.add))
    return tuple(reading.found)


def read_end(text: str) -> date | datetime:
    """When a waiver ends.

    Args:
        text: a day, or a time with its offset from UTC.

    Raises:
        ValueError: it is neither.
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
        found = datetime.fromisoformat(text)
    except ValueError:
        msg = f"{in_quotes(text)} is no day and no time: {_FORM}"
        raise ValueError(msg) from None
    if found.tzinfo is None:
        msg = f"{in_quotes(text)} is a time in no time zone: {_FORM}"
        raise ValueError(msg)
    return found


class _Reading:
    """Takes a document in, entry by entry.

    Args:
        mistakes: where to keep what is wrong.
        look: says what else is wrong with an entry.
    """

    def __init__(self, mistakes: Mistakes, look: Look) -> None:
        self._look = look
        self.found: list[Waiver] = []
        self._mistakes = mistakes
        self._written = Written(mistakes)
        self._read: dict[str, Callable[[str], object]] = {
            name: partial(check_text, what=name) for name in _KNOWN
        } | {"expires": read_end}

    def take(self, root: Node | None) -> None:
        """Take in the whole of it."""
        form = f"the file: write the waivers under `{SECTION}:`"
        section: Node | None = None
        for key, node in self._written.rows(root, form):
            if key.value == SECTION:
                section = node
            else:
                self._written.unknown(key, [SECTION])
        for entry in self._entries(section):
            self._entry(entry)

    def _entries(self, section: Node | None) -> Sequence[Node]:
        if section is None:
            if not self._mistakes:
                self._mistakes.add(Place(1, 1), f"the file has no `{SECTION}:`")
            return ()
        if isinstance(section, Text) and section.nothing:
            return ()
        if isinstance(section, Items):
            return section.nodes
        self._mistakes.add(section.place, f"{SECTION}: write them as a list, each with `- host: …`")
        return ()

    def _entry(self, entry: Node) -> None:
        rows = entry.rows if isinstance(entry, Table) else ()
        if not rows:
            self._mistakes.add(entry.place, "a waiver: write `host: …`, `playbook: …` and so on")
            return
        values: dict[str, Any] = {}
        for key, node in rows:
            name = key.value
            if name in self._read:
                values[name] = self._written.value(name, key, node, self._read[name])
            else:
                self._written.unknown(key, _KNOWN)
        for name, what in _NEEDED.items():
            if name not in values:
                self._mistakes.add(entry.place, f"this waiver has no `{name}:`, {what}")
        at = self._mistakes.at(entry.place)
        if wrong := self._look(at, values):
            self._mistakes.add(entry.place, wrong)
        if _NEEDED.keys() <= values.keys() and None not in values.values():
            self.found.append(Waiver.model_validate({**values, "at": at}))
