"""The HTML report in Chromium, driven by Playwright; skipped where one of them is missing."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from remediate.model.change import Change, ResourceId, Severity
from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome, Worked
from remediate.model.plan import Plan, PlaybookUse
from remediate.model.problem import Problem
from remediate.report.files import Gathering, put
from remediate.report.reporter import Subject

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>\"'><script>alert(2)</script>"


def reports(many: int) -> Iterator[HostReport]:
    use = PlaybookUse(id="schedule-fix")
    for number in range(many):
        name = f"SRV{number:04}"
        began = datetime(2026, 11, 29, tzinfo=UTC) + timedelta(seconds=number // 64)
        worked = Worked(began=began, seconds=1 + number % 7)
        if number % 10 == 7:
            problem = Problem(code="timed_out", message=f"no answer {HOSTILE}")
            yield HostReport(host=name, outcome=Outcome.UNREACHABLE, problem=problem, worked=worked)
            continue
        changes = tuple(
            Change(
                playbook="schedule-fix",
                resource=ResourceId(kind="scheduled_task", key={"path": "\\", "name": f"T{n}"}),
                title=f"task T{n} {HOSTILE}",
                property="multiple_instances",
                before=3,
                after=2,
                severity=Severity.WARNING,
                rule="multiple-instances",
            )
            for n in range(0 if number % 10 == 3 else 5)
        )
        plan = Plan(host=name, playbooks=(use,), changes=changes)
        outcome = Outcome.WOULD_CHANGE if changes else Outcome.COMPLIANT
        yield HostReport(host=name, outcome=outcome, plan=plan, worked=worked)


@pytest.fixture
def page(tmp_path: Path) -> Callable[[int], Path]:
    def make(many: int) -> Path:
        subject = Subject(command="audit", hosts=[one.host for one in reports(many)])
        gathering = Gathering(subject, ["html"])
        for report in reports(many):
            gathering.report(report)
        gathering.finish(ExitCode.UNREACHABLE)
        put(tmp_path / "report.html", gathering.drafts["html"].whole(gathering.totals))
        gathering.close()
        return tmp_path / "report.html"

    return make


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium is on the path")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"],
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")},
        )
        yield started
        started.close()


def test_hosts_are_searched_filtered_opened_and_printed_and_nothing_else_happens(
    browser: Any, page: Callable[[int], Path]
) -> None:
    file = page(30)
    tab = browser.new_page()
    seen: list[str] = []
    for event in ("console", "pageerror", "dialog"):
        tab.on(event, lambda one: seen.append(str(one)))
    tab.on("request", lambda one: seen.append(one.url))
    tab.goto(file.as_uri())
    assert seen == [file.as_uri()]
    assert tab.locator("img, script").count() == 1
    visible = tab.locator(".host:visible")
    status = tab.get_by_role("status")
    assert (visible.count(), status.text_content()) == (30, "30 hosts")

    tab.get_by_label("Search").fill("srv0012 T4")
    assert (visible.count(), status.text_content()) == (1, "1 of 30 hosts")
    tab.get_by_role("button", name="Show all hosts").click()
    tab.wait_for_function("document.getElementById('chosen').textContent === '30 hosts'")
    tab.locator("#verdict").select_option("unreachable")
    assert status.text_content() == "3 of 30 hosts"
    tab.locator("a[data-found]").click()
    assert status.text_content() == "24 of 30 hosts with schedule-fix/multiple-instances"
    tab.locator("a[data-verdict='compliant']").click()
    assert status.text_content() == "3 of 30 hosts"
    assert tab.locator("a[data-host]").count() == 20
    tab.locator("a[data-host='SRV0013']").click()
    assert (visible.count(), status.text_content()) == (1, "1 of 30 hosts")
    picture = tab.get_by_role("img", name="Hosts that had a verdict, from 0 to 30, over 7.0 s")
    assert picture.bounding_box()["width"] > 1000
    tab.locator("a[data-verdict='compliant']").click()

    first = tab.locator(".host:visible summary").first
    first.focus()
    tab.keyboard.press("Enter")
    assert tab.locator(".host[open]").count() == 1
    assert "SRV0003  COMPLIANT" in tab.locator(".host[open] pre").inner_text()
    assert seen == [file.as_uri()]
    for width in (400, 1200):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(
        """async () => {
            dispatchEvent(new Event('beforeprint'));
            const all = document.querySelectorAll('.host[open]').length;
            dispatchEvent(new Event('afterprint'));
            return [all, document.querySelectorAll('.host[open]').length];
        }"""
    ) == [30, 1]


def test_a_page_says_all_of_it_without_its_script(
    browser: Any, page: Callable[[int], Path]
) -> None:
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(page(10).as_uri())
    assert not tab.locator("#choose").is_visible()
    tab.locator(".host summary").first.click()
    assert HOSTILE in tab.locator(".host pre").first.inner_text()
    tab.emulate_media(media="print")
    assert tab.locator(".host pre").last.is_visible()


def test_five_thousand_hosts_of_five_findings_stay_usable(
    browser: Any, page: Callable[[int], Path]
) -> None:
    file = page(5000)
    assert file.stat().st_size < 15_000_000
    tab = browser.new_page()
    tab.goto(file.as_uri())
    # what is done by hand is done in the page, without rendering all that is not seen
    tab.get_by_label("Search").fill("srv012")
    assert re.match("10 of 5000", tab.get_by_role("status").text_content())
    tab.get_by_role("button", name="Show all hosts").click()
    tab.wait_for_function("document.getElementById('chosen').textContent === '5000 hosts'")
    tab.get_by_role("button", name="Open all").click()
    assert tab.locator(".host[open]").count() == 5000
