"""The one place that knows every secret, and takes them out of texts.

Whatever comes from elsewhere may repeat what it was sent: a fault, a web page, an exception, a
value on a host. Before it becomes part of a report, an event, the store or a line on a terminal it
passes here.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # the command line makes one of these before anything else
    from remediate.model.base import Model

MASK = "[secret]"
CUT = "…"
"""Ends a text that was cut short, perhaps in the middle of a secret."""

_LEAST = 3
"""Characters; what is shorter would mask half of every text, and protects nothing."""

_LEAST_INSIDE = 8
"""Characters of Base64 that are looked for in the middle of a longer one."""

M = TypeVar("M", bound="Model")


class Redaction:
    """Knows the secrets of a run, in all forms in which a text may hold them."""

    def __init__(self) -> None:
        self._forms: list[str] = []

    def add(self, secret: str, user: str = "") -> None:
        """Mask a secret from now on, and what Basic authentication makes of it."""
        import base64  # noqa: PLC0415 - see above

        texts = dict.fromkeys((secret, *secret.splitlines(), _on_one_line(secret)))
        new = {form for text in texts for form in _forms(text)}
        new.add(base64.b64encode(f"{user}:{secret}".encode()).decode())  # whole, however short
        known = {form for form in new if len(form) >= _LEAST} | set(self._forms)
        self._forms = sorted(known, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._ends(text) if CUT in text else text

    def holds(self, model: "Model") -> bool:
        """Whether any text in a model has a secret in it."""
        return bool(self._forms) and any(self(text) != text for text in _texts(_data(model)))

    def masked(self, model: M) -> M:
        """A model without the secrets."""
        if not self.holds(model):
            return model
        return type(model).model_validate(self._masked(_data(model)))

    def _masked(self, value: Any) -> Any:  # noqa: ANN401 - any part of a document
        if isinstance(value, str):
            return self(value)
        if isinstance(value, list | tuple):
            return [self._masked(each) for each in value]
        if isinstance(value, dict):
            return {self(str(name)): self._masked(each) for name, each in value.items()}
        return value

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


def _data(model: "Model") -> Any:  # noqa: ANN401 - a document
    return model.model_dump(mode="json")


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a document
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield str(name)
            yield from _texts(each)
