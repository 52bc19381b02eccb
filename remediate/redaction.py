"""The one place that knows every secret, and takes them out of texts.

Whatever comes from elsewhere may repeat what it was sent: a fault, a web page, an exception, a
value on a host. Before it becomes part of a report, an event, the store or a line on a terminal it
passes here.

A mask in a sentence that everybody knows tells what it hides. So a word of ours stays as it is,
though the letters of a short secret may be in it; where such a secret is masked, the whole word is.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:  # the command line makes one of these before anything else
    from remediate.model.base import Model

MASK = "[secret]"
CUT = "…"
"""Ends a text that was cut short, perhaps in the middle of a secret."""

_LEAST = 3
"""Characters; what is shorter would mask half of every text, and protects nothing."""

_LEAST_INSIDE = 8
"""Characters of Base64 that are looked for in the middle of a longer one."""

_SHORT = 8
"""Characters; what is shorter may be found in words and numbers that have nothing to do with it."""

_WORD: Final = re.compile(r"\w+")
_WORDS: Final = re.compile(r"\w+( \w+)*")
_BEFORE: Final = frozenset(("", *" \n([-\\"))
_AFTER: Final = frozenset(("", *" \n)]-\\.,;:!?'…"))
"""What stands before and after a word of a sentence, of a name with hyphens, of a path."""
_OURS: Final = {".py", ".ps1", ".yaml"}
_VALUES: Final = frozenset(
    ("key", "properties", "value", "before", "after", "before_label", "after_label")
) | {"expected", "found", "expected_label", "found_label"}
"""Fields that hold what a host has, and no words of ours."""

M = TypeVar("M", bound="Model")


class Redaction:
    """Knows the secrets of a run, in all forms in which a text may hold them."""

    def __init__(self) -> None:
        self._forms: list[str] = []
        self._in_json: list[str] = []
        self._typed: set[str] = set()
        self._added: set[tuple[str, str]] = set()
        self._in_order: list[tuple[str, str]] = []

    @property
    def names(self) -> frozenset[str]:
        """The words of names that we repeat, in small letters."""
        return frozenset(self._typed)

    def added(self, since: int = 0) -> list[tuple[str, str]]:
        """The secrets that are masked, each with its user, in the order in which they came.

        Args:
            since: how many of them not to tell.
        """
        return self._in_order[since:]

    def knows(self, secret: str, user: str = "") -> bool:
        """Whether a secret was added."""
        return (secret, user) in self._added

    def typed(self, *texts: str) -> None:
        """Names of hosts and accounts, which we repeat: their words stay as ours do."""
        self._typed.update(word.casefold() for text in texts for word in _WORD.findall(text))

    def add(self, secret: str, user: str = "") -> None:
        """Mask a secret from now on, and what Basic authentication makes of it."""
        import base64  # noqa: PLC0415 - see above

        if self.knows(secret, user):
            return
        self._added.add((secret, user))
        self._in_order.append((secret, user))
        texts = dict.fromkeys((secret, *secret.splitlines(), _on_one_line(secret)))
        new = {form for text in texts for form in _forms(text)}
        new.add(base64.b64encode(f"{user}:{secret}".encode()).decode())  # whole, however short
        known = {form for form in new if len(form) >= _LEAST} | set(self._forms)
        self._forms = sorted(known, key=len, reverse=True)
        self._in_json = [json.dumps(form)[1:-1] for form in (*self._forms, CUT)]

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        for form in self._forms:
            if form in text:
                text = self._without(form, text)
        return self._ends(text) if CUT in text else text

    def holds(self, model: "Model") -> bool:
        """Whether any text in a model has a secret in it."""
        data = self._suspect(model)
        return bool(self._masked(data) != data)

    def masked(self, model: M) -> M:
        """A model without the secrets."""
        data = self._suspect(model)
        masked = self._masked(data)
        return model if masked == data else type(model).model_validate(masked)

    def _suspect(self, model: "Model") -> Any:  # noqa: ANN401 - a document
        """A model as a document if a secret may be in it; most have none, which is soon seen."""
        if not self._forms:
            return None
        data = model.model_dump(mode="json")
        text = json.dumps(data)
        return data if any(form in text for form in self._in_json) else None

    def _masked(self, value: Any, *, theirs: bool = False) -> Any:  # noqa: ANN401 - any part of a document
        """A part of a document without the secrets.

        Args:
            value: the part.
            theirs: it is what a host has, so that a word which is a secret is that secret.
        """
        if isinstance(value, str):
            return MASK if theirs and value in self._forms else self(value)
        if isinstance(value, list | tuple):
            return [self._masked(each, theirs=theirs) for each in value]
        if isinstance(value, dict):
            return {
                self(str(name)): self._masked(each, theirs=theirs or name in _VALUES)
                for name, each in value.items()
            }
        return value

    def _without(self, form: str, text: str) -> str:
        """A text without a form of a secret, but for words of ours and longer numbers."""
        done, at = "", 0
        while (found := text.find(form, at)) >= 0:
            end = found + len(form)
            begins, ends = _whole_words(text, found, end, at)
            around = text[max(begins - 1, 0) : begins], text[ends : ends + 1]
            if self._is_ours(text[begins:ends], form, *around):
                done += text[at:ends]
            else:
                if len(form) >= _SHORT:
                    begins, ends = found, end
                done += text[at:begins] + MASK
            at = ends
        return done + text[at:]

    def _is_ours(self, text: str, form: str, before: str, after: str) -> bool:
        """Whether the words in which a form of a secret was found say nothing of it.

        Args:
            text: the words.
            form: of the secret.
            before: the character before them; empty at the beginning. What is quoted, or is a part
                of an address or a setting, stands between others than words of a sentence do.
            after: likewise.
        """
        if text.isdecimal():
            return len(form) < min(len(text), _SHORT)
        if before not in _BEFORE or after not in _AFTER:
            return False
        if not (_WORD if len(form) >= _SHORT else _WORDS).fullmatch(text):
            return False
        words = {word.casefold() for word in text.split(" ")} - self._typed
        return not words or words <= _our_words()

    def _ends(self, text: str) -> str:
        """Mask the beginning of a secret where a text was cut."""
        before, *parts = text.split(CUT)
        whole = self._end(before)
        for part in parts[:-1]:
            whole += CUT + self._end(part)
        return whole + CUT + parts[-1]

    def _end(self, text: str) -> str:
        for form in self._forms:
            for length in range(min(len(form), len(text)), _LEAST - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + MASK
        return text


def _whole_words(text: str, begin: int, end: int, least: int) -> tuple[int, int]:
    """Where the words begin and end that a part of a text is from."""
    if _in_a_word(text[begin]):
        while begin > least and _in_a_word(text[begin - 1]):
            begin -= 1
    if _in_a_word(text[end - 1]):
        while end < len(text) and _in_a_word(text[end]):
            end += 1
    return begin, end


def _in_a_word(char: str) -> bool:
    return char.isalnum() or char == "_"


@cache
def _our_words() -> frozenset[str]:
    """The words that we say, in small letters: those of our own files.

    It takes a moment, and only where a secret looks like one.
    """
    from pathlib import Path  # noqa: PLC0415 - see above

    package = Path(__file__).parent
    folders = (package, package.parent / "playbooks")  # those that come with a wheel are in it
    files = (path for folder in folders for path in folder.rglob("*") if path.suffix in _OURS)
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in files)
    words = {word.casefold() for text in texts for word in _WORD.findall(text)}
    return frozenset(word for word in words if not word.isdecimal())


def _on_one_line(secret: str) -> str:
    """A secret as it is in a text that was made fit for a terminal."""
    import unicodedata  # noqa: PLC0415 - see above

    shown = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in secret)
    return " ".join(shown.split())


def _forms(secret: str) -> Iterator[str]:
    import base64  # noqa: PLC0415 - see above
    import html  # noqa: PLC0415
    import urllib.parse  # noqa: PLC0415

    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield urllib.parse.quote(secret)
    yield urllib.parse.quote(secret, safe="")
    yield urllib.parse.quote_plus(secret)
    yield html.escape(secret, quote=False)
    yield html.escape(secret)
    yield html.escape(secret).replace("&#x27;", "'")
    yield html.escape(secret).replace("&#x27;", "&apos;")
    yield from _by_number(html.escape(secret).replace("&#x27;", "&#39;"), "&#{};", "&#x{:x};")
    yield from _by_number(html.escape(secret), "&#x{:X};")
    yield from _by_number(json.dumps(secret, ensure_ascii=False)[1:-1], "\\u{:04X}")
    yield urllib.parse.quote(secret, safe="").lower()
    for code in ("utf-8", "utf-16-le"):
        data = secret.encode(code, "surrogatepass")
        yield base64.b64encode(data).decode()
        yield data.hex()
        yield data.hex().upper()
        yield from _inside_base64(data)


def _by_number(text: str, *forms: str) -> Iterator[str]:
    """A text in which what is not ASCII stands as its number, as .NET and browsers write it."""
    for form in forms:
        yield "".join(char if char.isascii() else form.format(ord(char)) for char in text)


def _inside_base64(data: bytes) -> Iterator[str]:
    """What Base64 makes of it behind something else, such as the account and a colon."""
    import base64  # noqa: PLC0415 - see above

    for before in range(3):
        text = base64.b64encode(bytes(before) + data).decode()
        core = text[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
        if len(core) >= _LEAST_INSIDE:
            yield core
