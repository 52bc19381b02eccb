"""Waivers as they are written, and what each is about."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from remediate.inventory.protocol import InventoryError
from remediate.inventory.waivers import read_end, read_waivers
from remediate.model.change import ResourceId
from remediate.model.finding import RecordedFinding
from remediate.model.waiver import Waiver, Waivers, WaiverState
from remediate.playbook.catalogue import Catalogue
from tests.docs.pages import ROOT

WAIVER = {
    "host": "SRV-EU-*",
    "playbook": "schedule-fix",
    "rule": "multiple-instances",
    "reason": "The vendor's job needs it.",
    "who": "Ada Lovelace",
    "expires": "2027-03-31",
}
TASK = ResourceId(kind="scheduled_task", key={"path": "\\Microsoft\\", "name": "Backup"})


def written(*entries: dict[str, Any]) -> bytes:
    return yaml.safe_dump({"waivers": list(entries)}, sort_keys=False).encode()


def read(**values: str) -> Waiver:
    [found] = read_waivers("w.yaml", written({**WAIVER, **values}))
    return found


def finding(**values: Any) -> RecordedFinding:
    usual = {"playbook": "schedule-fix", "rule": "multiple-instances", "resource": TASK}
    return RecordedFinding.model_validate({**usual, "title": "task", **values})


def test_all_mistakes_are_told_each_with_its_place() -> None:
    text = (
        "waivers:\n"
        "  - {host: A, playbook: p, rule: r, who: w, reason: r}\n"
        "  - host: A\n"
        "    playbook: p\n"
        "    rule: r\n"
        "    resaurce: x\n"
        "    reason:\n"
        "    who: [a]\n"
        "    expires: 2027-02-30\n"
        "  - none\n"
        "waiver: 1\n"
    )
    with pytest.raises(InventoryError) as caught:
        read_waivers("w.yaml", text.encode())
    assert [one.partition(" ")[2] for one in caught.value.mistakes] == [
        "this waiver has no `expires:`, until when: a waiver without an end is none",
        "there is no setting 'resaurce'; did you mean resource?",
        "reason has no value: leave it out, or put a text in quotes",
        "who is one text, not a list or mapping",
        (
            "'2027-02-30' is no day and no time: write it as a day, 2027-03-31, which ends in UTC, "
            "or as a time, 2027-03-31T18:00+01:00"
        ),
        "a waiver: write `host: …`, `playbook: …` and so on",
        "there is no setting 'waiver'; did you mean waivers?",
    ]
    places = [one.partition(": ")[0] for one in caught.value.mistakes]
    assert places[:4] == ["w.yaml:2:5", "w.yaml:6:5", "w.yaml:7:5", "w.yaml:8:10"]


@pytest.mark.parametrize("nothing", ["{}", "null", "~", "", "''", "[]", "none"])
def test_an_entry_that_says_nothing_is_no_waiver(nothing: str) -> None:
    text = f"{written(WAIVER).decode()}- {nothing}\n- {nothing}\n"
    with pytest.raises(InventoryError) as caught:
        read_waivers("w.yaml", text.encode())
    first, second = caught.value.mistakes
    says = "a waiver: write `host: …`, `playbook: …` and so on"
    assert re.fullmatch(rf"w\.yaml:8:[23]: {says}", first)
    assert re.fullmatch(rf"w\.yaml:9:[23]: {says}", second)


@pytest.mark.parametrize("missing", WAIVER)
def test_a_waiver_says_all_that_it_has_to(missing: str) -> None:
    entry = {name: value for name, value in WAIVER.items() if name != missing}
    with pytest.raises(InventoryError, match=f"this waiver has no `{missing}:`"):
        read_waivers("w.yaml", written(entry))


@pytest.mark.parametrize("text", ["waivers:\n", "waivers: []\n"])
def test_a_file_may_have_none_any_more(text: str) -> None:
    assert read_waivers("w.yaml", text.encode()) == ()


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_is_written_it_is_waivers_or_mistakes(data: bytes) -> None:
    with suppress(InventoryError):
        assert isinstance(read_waivers("w.yaml", data), tuple)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2027-03-31", datetime(2027, 4, 1, tzinfo=UTC)),
        ("2027-03-31T18:00Z", datetime(2027, 3, 31, 18, tzinfo=UTC)),
        ("2027-03-31T18:00+02:00", datetime(2027, 3, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_day_ends_in_utc_and_a_time_says_its_zone(text: str, end: datetime) -> None:
    waiver = read(expires=text)
    assert waiver.end == end
    assert Waiver.model_validate_json(waiver.model_dump_json()) == waiver
    for now, state in (
        (end, WaiverState.EXPIRED),
        (end - timedelta(seconds=1), WaiverState.EXPIRES_SOON),
        (end - timedelta(days=14), WaiverState.EXPIRES_SOON),
        (end - timedelta(days=14, seconds=1), WaiverState.IN_FORCE),
    ):
        found = Waivers.at([waiver], now)
        assert found.state(waiver) is state
        assert bool(found.in_force) is (state is not WaiverState.EXPIRED)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59-12:00"])
def test_a_waiver_may_last_until_the_last_day_there_is(text: str) -> None:
    waiver = read(expires=text)
    found = Waivers.at([waiver], datetime(2027, 1, 1, tzinfo=UTC))
    assert found.state(waiver) is WaiverState.IN_FORCE


@pytest.mark.parametrize("text", ["2027-03-31T18:00", "31.3.2027", "never", "20270331T18", "2027"])
def test_what_could_mean_two_times_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="write it as a day"):
        read_end(text)


@given(st.dates() | st.datetimes(timezones=st.just(UTC)))
def test_an_end_is_read_as_it_is_written(end: date) -> None:
    assert read_end(end.isoformat()) == end


@pytest.mark.parametrize(
    ("waiver", "covers"),
    [
        ({}, True),
        ({"host": "srv-eu-0?"}, True),
        ({"host": "SRV-US-*"}, False),
        ({"rule": "*"}, True),
        ({"rule": "multiple"}, False),
        ({"playbook": "tls12"}, False),
        ({"playbook": "schedule-*"}, False),
        ({"resource": "Scheduled_Task \\microsoft\\ *"}, True),
        ({"resource": "scheduled_task *"}, True),
        ({"resource": "task *"}, False),
    ],
)
def test_a_waiver_is_about_what_a_finding_is_known_by(waiver: dict[str, str], covers: bool) -> None:
    waivers = Waivers.at([read(**waiver)], datetime(2027, 1, 1, tzinfo=UTC)).on("SRV-EU-01")
    for text in ("task", "in other words"):
        found, lapsed = waivers.judge(finding(title=text))
        assert (bool(found), lapsed) == (covers, None)


def test_the_example_of_the_guide_is_about_what_it_says() -> None:
    page = (ROOT / "docs" / "waivers.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    [waiver] = read_waivers("w.yaml", example.encode())
    [wanted] = (entry for entry in Catalogue().entries.values() if entry.id == waiver.playbook)
    assert waiver.rule in wanted.load().rules
    key = {"path": "\\Microsoft\\OnlineBackup\\", "name": "Microsoft-OnlineBackup"}
    task = ResourceId(kind="scheduled_task", key=key)
    waivers = Waivers.at([waiver], datetime(2027, 3, 31, 23, tzinfo=UTC)).on("SRV-EU-01")
    assert waivers.judge(finding(resource=task))[0]
    assert waivers.judge(finding(resource=TASK)) == (None, None)


def test_one_that_counts_stands_before_one_that_has_expired() -> None:
    then, now = read(expires="2026-01-31"), read()
    waivers = Waivers.at([then, now], datetime(2027, 1, 1, tzinfo=UTC))
    found, lapsed = waivers.judge(finding())
    assert (found and found.waiver, lapsed) == (now, None)
    found, lapsed = Waivers.at([then], waivers.now).judge(finding())
    assert (found, lapsed and lapsed.waiver) == (None, then)
