"""What a playbook states of itself, checked in its text and again in the class that it makes."""

import re
from collections.abc import Iterator, Mapping

NAMES = ("id", "title", "source")
MAX_ID = 64
MAX_TITLE = 72

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Whether a text can be an id or a rule: small letters, digits and single dashes."""
    return len(text) <= MAX_ID and _SLUG.fullmatch(text) is not None


def problems(stated: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What is wrong with it: the name of each text that is not right, and why.

    Args:
        stated: texts by name.
    """
    for name in NAMES:
        if why := _problem(name, stated.get(name)):
            yield name, why


def _problem(name: str, text: object) -> str:
    if not isinstance(text, str):
        return f"it needs its {name} as plain text"
    if not text.isprintable():
        return f"the {name} must be one line, without characters that cannot be seen"
    if name == "id" and not is_slug(text):
        return (
            f"the id {text[:MAX_ID]!r} must be small letters, digits and single dashes, "
            f"such as schedule-fix, and at most {MAX_ID} of them"
        )
    if name == "title" and (not 0 < len(text) <= MAX_TITLE or text.endswith(".")):
        return f"the title must have 1 to {MAX_TITLE} characters and no full stop"
    if name == "source" and not text.startswith("https://"):
        return "the source must be an https address"
    return ""
