"""The page: what a browser makes of it."""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest

from remediate.model.finding import Advice
from remediate.model.outcome import HostReport, Outcome, Worked
from remediate.model.problem import Problem
from tests.report.rendered import HOSTILE, about, rendered

Make = Callable[..., Any]


def test_a_page_lets_only_its_own_style_and_script_run(fleet: list[HostReport]) -> None:
    page = rendered(about(*fleet), "html", *fleet)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("default-src") == rules.pop("base-uri") == rules.pop("form-action") == "'none'"
    for name in ("style", "script"):
        [text] = re.findall(rf"<{name}>(.*?)</{name}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules.pop(f"{name}-src") == f"'sha256-{digest}'"
    assert rules == {}
    assert not re.search(r"\bstyle=|\bon[a-z]+=|\bsrc=|https?:|url\(", page)


def test_a_page_shows_as_text_whatever_a_host_says(change: Make, plan: Make) -> None:
    hostile = f"\"'>{HOSTILE}</pre></style></script><!--"
    wrong = change(title=hostile, before=hostile, after="x", why=hostile, rule="r")
    report = HostReport(
        host=hostile,
        outcome=Outcome.FAILED_UNCHANGED,
        plan=plan(changes=(wrong,), advice=(Advice(hostile, hostile, playbook="p", rule="s"),)),
        problem=Problem(code="x", message=hostile),
        worked=Worked(began=datetime(2026, 11, 29, tzinfo=UTC), seconds=20),
    )
    other = report.model_copy(update={"host": f"{hostile}2"})
    page = rendered(about(report, other, titles={}, run=hostile), "html", report, other)
    tags: Counter[str] = Counter()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags[tag] += 1
            assert not any(name.startswith("on") for name, _ in attrs)

    Reader().feed(page)
    assert (tags["script"], tags["style"], tags["pre"], tags["img"]) == (1, 1, 2, 0)
    assert tags["data"] == 2


def test_a_page_is_bounded_and_counts_what_it_leaves_out(
    fleet: list[HostReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remediate.report.html.MOST", 1500)
    page = rendered(about(*fleet), "html", *fleet)
    told = page.count("<details ")
    [more] = re.findall(r"<p>([0-9]) hosts more not in this file \(([^)]*)\)\.</p>", page)
    assert told + int(more[0]) == len(fleet)
    assert "<details" in page.partition("GONE")[0]


def test_a_page_can_be_read_in_the_light_in_the_dark_and_on_paper() -> None:
    """The contrast that WCAG 2.1 asks of text (AA): 4.5 to 1."""
    css = resources.files("remediate.report").joinpath("page.css").read_text()
    schemes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]+);", text)) for text in css.split(":root")]
    assert len(schemes[1:]) == 3
    for scheme in schemes[1:]:
        for back in (scheme["back"], scheme["raised"]):
            for name in ("text", "dim", "good", "warn", "bad", "command"):
                light, dark = sorted((luminance(scheme[name]), luminance(back)), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, back)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
