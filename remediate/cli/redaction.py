"""Takes secrets out of all that is shown or logged."""

import base64

MASK = "[secret]"
_LEAST = 3
"""Characters; what is shorter would mask half of every text, and protects nothing."""


class Redaction:
    """Knows the secrets of a run, to keep them out of texts."""

    def __init__(self) -> None:
        self._secrets: list[str] = []

    def add(self, secret: str, user: str = "") -> None:
        """Mask a secret from now on, and what Basic authentication makes of it."""
        forms = [secret, repr(secret)[1:-1], secret.encode("utf-16-le").hex()]
        forms += [base64.b64encode(f"{user}:{secret}".encode()).decode()]
        forms += [base64.b64encode(secret.encode(code)).decode() for code in ("utf-8", "utf-16-le")]
        new = {form for form in forms if len(form) >= _LEAST} - set(self._secrets)
        self._secrets = sorted([*self._secrets, *new], key=len, reverse=True)

    def __call__(self, text: str) -> str:
        """`text` without the secrets."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text
