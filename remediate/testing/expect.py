"""What a test says when something is not as it has to be; it needs no test framework for that."""

import difflib
import json
from collections.abc import Callable, Iterable


def expect(what: str, found: object, wanted: object, why: Callable[[], str] = str) -> None:
    """Make sure that something is as it has to be.

    Args:
        what: it is, for who reads a failed test.
        found: how it is.
        wanted: how it has to be.
        why: gives more to read when it is not.

    Raises:
        AssertionError: it is another; says where the two differ.
    """
    if found != wanted:
        raise AssertionError(
            "\n".join([f"{what} is not as expected:", *_differ(found, wanted), why()])
        )


def expect_among(what: str, texts: Iterable[str], wanted: str) -> None:
    """Make sure that one of several texts contains another.

    Args:
        what: the texts are.
        texts: the texts.
        wanted: what has to stand in one of them.

    Raises:
        AssertionError: it stands in none; says what does.
    """
    said = list(texts)
    if not any(wanted in text for text in said):
        known = "\n  ".join(said) or "nothing"
        raise AssertionError(f"{what}: {wanted!r} stands in none of these:\n  {known}")


def _differ(found: object, wanted: object) -> list[str]:
    one, other = _lines(wanted), _lines(found)
    if len(one) == len(other) == 1:
        return [f"  expected {one[0]}", f"  found    {other[0]}"]
    return list(difflib.unified_diff(one, other, "expected", "found", lineterm="", n=4))


def _lines(value: object) -> list[str]:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).splitlines()
