"""A secret is taken out of whatever is shown or logged, in the forms it travels in."""

import base64
import logging

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from remediate.cli.logs import start_logging
from remediate.model.change import Change, ResourceId
from remediate.model.outcome import HostReport, Outcome
from remediate.model.problem import Problem
from remediate.redaction import MASK, Redaction
from remediate.report.words import VERDICTS
from remediate.transport.errors import kinds

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
    logging.getLogger("remediate.x").warning("said", extra={"secret": SECRET})
    logging.getLogger("remediate.y").error("said %s", SECRET)
    try:
        {}[SECRET]
    except KeyError:
        logging.getLogger("remediate.z").exception("failed")
    assert len(lines) == 3
    assert all("ässword" not in line for line in lines)
    assert debug == ("Traceback" in lines[-1])


@pytest.mark.parametrize("debug", [True, False])
def test_what_is_said_beside_a_text_never_takes_its_place(debug: bool) -> None:
    lines: list[str] = []
    start_logging(Redaction(), lines.append, debug=debug)
    beside = {"event": 4625, "level": "high", "logger": "lsass", "timestamp": "noon", "why": "?"}
    logging.getLogger("remediate.x").warning("cannot read", extra=beside)
    assert all(repr(str(value)) in lines[0] for value in beside.values())
    assert "level='warning'" in lines[0]
    assert " event='cannot read' " in lines[0]


def test_without_debug_libraries_are_silent_and_with_it_they_are_heard() -> None:
    lines: list[str] = []
    for debug in (False, True):
        start_logging(Redaction(), lines.append, debug=debug)
        logging.getLogger("some.library").error("shouted")
        logging.getLogger("remediate.x").debug("whispered")
        logging.getLogger("spnego").debug("a hash of the password")
    assert len(lines) == 2
    assert "shouted" in lines[0]
    assert "whispered" in lines[1]


def knowing(secret: str) -> Redaction:
    redaction = Redaction()
    redaction.add(secret, "ada")
    redaction.typed("SRV01", "ada")
    return redaction


WEAK = ["run", "ess", "the", "is not", "password", "changed", "SRV", "ada", "secret", "lue", "2026"]
SENTENCES = [
    *(f"SRV01 {kind.says}. {kind.hint}" for kind in kinds()),
    *(f"SRV01  {name.upper()}  {meaning}" for name, meaning in VERDICTS.values()),
    "basic as ada",
    f"the value was {MASK}",
    "run 20261129-120000-7f3a of schedule-fix took 120265 ms",
]


@pytest.mark.parametrize("secret", WEAK)
def test_our_own_sentences_say_nothing_of_a_password_that_is_like_a_word(secret: str) -> None:
    """A mask in a sentence that everybody knows would tell what it hides."""
    redaction = knowing(secret)
    assert [text for text in SENTENCES if redaction(text) != text] == []


@pytest.mark.parametrize("secret", ["run", "abc", "598", "the", "password"])
@pytest.mark.parametrize(
    "text", ["http://ada:{}@proxy", "PWD={};x", "'{}' is wrong", '"{}"', "user=ada,pw={}"]
)
def test_where_it_is_quoted_it_is_masked_however_short(secret: str, text: str) -> None:
    assert knowing(secret)(text.format(secret)) == text.format(MASK)


def test_what_is_masked_of_a_word_that_is_not_ours_is_all_of_it() -> None:
    assert knowing("wei")("Zugriff verweigert") == f"Zugriff {MASK}"
    assert knowing("Summer")("Summer2026 is wrong") == f"{MASK} is wrong"


@pytest.mark.parametrize("secret", ["changed", "task", "run", "scheduled_task", "would_change"])
def test_a_report_stays_one_whatever_the_password_is(secret: str) -> None:
    change = Change(
        playbook="p",
        resource=ResourceId(kind="scheduled_task", key={"name": "Backup"}),
        title="task Backup",
        property="enabled",
        before=False,
        after=True,
    )
    redaction = knowing(secret)
    assert not redaction.holds(change)
    told = Problem(code="remote_error", message=f"it says '{secret}'")
    masked = redaction.masked(HostReport(host="SRV01", outcome=Outcome.CHANGED, problem=told))
    assert masked.outcome is Outcome.CHANGED
    assert masked.problem == told.model_copy(update={"message": f"it says '{MASK}'"})
    for value in (secret, [secret], {"x": f"pw={secret}"}):
        assert redaction.holds(change.model_copy(update={"after": value}))


@given(st.text(min_size=3, max_size=12), st.text(max_size=8), st.text(max_size=8))
@example('a"\\\n', "", "")
@example("Geheimnis", "", "…")
def test_a_text_is_masked_in_a_model_as_it_is_alone(secret: str, before: str, after: str) -> None:
    redaction = knowing(secret)
    for text in (before + secret + after, before + secret[:-1] + "…"):
        told = HostReport(
            host="SRV01",
            outcome=Outcome.REFUSED,
            problem=Problem(code="refused", message=text, hint=""),
        )
        assert redaction.masked(told).problem == Problem(
            code=redaction("refused"), message=redaction(text), hint=""
        )
        assert redaction.holds(told) == (redaction.masked(told) != told)
