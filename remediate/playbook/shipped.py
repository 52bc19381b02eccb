"""What the shipped playbooks state of themselves, known without having Python read their text.

To have it read all of them takes longer than to ask a host. It is known by the digest of a text:
a playbook that was changed since is read as any other.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

MADE = Path(__file__).with_name("shipped.json")
"""What each states, by the digest of its text. `python -m tests.docs` makes it."""


def stated_in(text: str) -> list[dict[str, Any]] | None:
    """What the playbooks in a text state, each with its class and line; None of an unknown text."""
    return _made().get(digest(text))


def digest(text: str) -> str:
    """What a text is known by."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _made() -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = json.loads(MADE.read_text(encoding="utf-8"))
    return made
