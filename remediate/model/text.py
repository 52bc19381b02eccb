"""Texts as a person can tell them apart."""

import json


def quoted(text: str) -> str:
    r"""A text as it is, or in quotes with escapes where some of it could not be seen.

    Blank ends, line ends, null characters and what has no width are shown (`"RemoteSigned "`,
    `"a\u200b"`).
    """
    return text if text and text == text.strip() and text.isprintable() else json.dumps(text)
