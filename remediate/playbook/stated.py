"""What a playbook states of itself, checked in its text and again in the class that it makes."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from remediate.model.text import hidden_in

REQUIRED = ("id", "title", "source")
OPTIONAL: Mapping[str, str | bool] = MappingProxyType(
    {"topic": "", "on_demand": False, "deep": False, "only_looks": False, "loosens": False}
)
"""With what counts where it is not stated."""

NAMES = (*REQUIRED, *OPTIONAL)
MAX_ID = 64
MAX_TITLE = 72

_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Whether a text can be an id or a rule: small letters, digits and single dashes."""
    return len(text) <= MAX_ID and _SLUG.fullmatch(text) is not None


def problems(stated: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What is wrong with it: the name of each value that is not right, and why.

    Args:
        stated: what is stated, by name.
    """
    for name in REQUIRED:
        if why := _problem(name, stated.get(name)):
            yield name, why
    topic = stated.get("topic", "")
    if topic != "" and not (isinstance(topic, str) and is_slug(topic)):
        yield "topic", "the topic must be small letters, digits and single dashes, such as storage"
    switches = [name for name, usual in OPTIONAL.items() if usual is False]
    for name in switches:
        if not isinstance(stated.get(name, False), bool):
            yield name, f"`{name}` must be True or False"
    if stated.get("on_demand") is True and stated.get("deep") is True:
        yield "deep", "`on_demand` already leaves it out of every audit of everything: drop `deep`"


def _problem(name: str, text: object) -> str:
    if not isinstance(text, str):
        return f"it needs its {name} as plain text"
    if hidden_in(text):
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
