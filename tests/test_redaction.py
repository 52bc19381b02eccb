"""A secret is taken out of whatever is shown or logged, in the forms it travels in."""

import base64
import logging

import pytest
import structlog

from remediate.cli.logs import start_logging
from remediate.redaction import MASK, Redaction

SECRET = "Canary-'7f3a\"\\pässword"


@pytest.fixture
def redaction() -> Redaction:
    redaction = Redaction()
    redaction.add(SECRET, "ada")
    return redaction


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        repr(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"ada:{SECRET}".encode()).decode(),
        base64.b64encode(SECRET.encode("utf-16-le")).decode(),
        SECRET.encode().hex().upper(),
        "Canary-&#39;7f3a&quot;\\p&#228;ssword",
        "Canary-&#x27;7f3a&quot;\\p&#xE4;ssword",
        "Canary-'7f3a\\\"\\\\p\\u00E4ssword",
    ],
)
def test_every_form_is_masked(form: str, redaction: Redaction) -> None:
    assert redaction(f"<{form}>") == f"<{MASK}>"


@pytest.mark.parametrize("account", ["ada", "CONTOSO\\ada", "ada@contoso.com", ".\\a"])
@pytest.mark.parametrize("code", ["utf-8", "utf-16-le"])
def test_base64_of_a_secret_behind_any_account_is_masked(
    account: str, code: str, redaction: Redaction
) -> None:
    shown = redaction(base64.b64encode(f"{account}:{SECRET}".encode(code)).decode())
    assert MASK in shown
    whole = base64.b64decode("".join(shown.split(MASK)) + "==", validate=False)
    assert SECRET[:3].encode(code) not in whole


@pytest.mark.parametrize("debug", [True, False])
def test_logs_are_redacted_whoever_writes_them(debug: bool, redaction: Redaction) -> None:
    lines: list[str] = []
    start_logging(redaction, lines.append, debug=debug)
    structlog.get_logger("remediate.x").warning("said", secret=SECRET)
    logging.getLogger("remediate.y").error("said %s", SECRET)
    try:
        {}[SECRET]
    except KeyError:
        logging.getLogger("remediate.z").exception("failed")
    assert len(lines) == 3
    assert all("ässword" not in line for line in lines)
    assert debug == ("Traceback" in lines[-1])


def test_without_debug_libraries_are_silent_and_with_it_they_are_heard() -> None:
    lines: list[str] = []
    for debug in (False, True):
        start_logging(Redaction(), lines.append, debug=debug)
        logging.getLogger("some.library").error("shouted")
        structlog.get_logger("remediate.x").debug("whispered")
        logging.getLogger("spnego").debug("a hash of the password")
    assert len(lines) == 2
    assert "shouted" in lines[0]
    assert "whispered" in lines[1]
