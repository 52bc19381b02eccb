"""How long hosts took, and whether a run waited for a few of them."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from junitparser import JUnitXml

from remediate.model.exit_code import ExitCode
from remediate.model.outcome import HostReport, Outcome, Worked
from remediate.report.machine import JsonReporter
from remediate.report.times import Times
from remediate.report.words import took
from tests.report.rendered import about, cells, rendered, told

NINE = datetime(2026, 11, 29, 9, tzinfo=UTC)


def worked(began: float, seconds: float, **parts: float) -> Worked:
    return Worked(began=NINE + timedelta(seconds=began), seconds=seconds, **parts)


def reports(*times: Worked | None) -> list[HostReport]:
    return [
        HostReport(host=f"SRV{number:03}", outcome=Outcome.COMPLIANT, worked=each)
        for number, each in enumerate(times)
    ]


def one_after_the_other(many: int, seconds: float) -> list[Worked]:
    return [worked(number * seconds, seconds) for number in range(many)]


def times_of(times: Sequence[Worked], runs: Sequence[str] = ()) -> Times:
    made = Times()
    for number, each in enumerate(times):
        made.add(f"H{number}", ExitCode.OK, each, runs[number] if runs else "")
    return made


FEW = [worked(0, 4), worked(1.5, 41.204, rested=30), None, worked(2, 100, asked=99.5), None]
MANY = [*one_after_the_other(90, 0.5), *(worked(40, 9 + n / 8) for n in range(10)), None]


@pytest.mark.parametrize("times", [FEW, MANY], ids=["few", "many"])
def test_every_report_of_a_run_tells_the_times_of_its_json(
    times: Sequence[Worked | None],
) -> None:
    hosts = reports(*times)
    subject = about(*hosts)
    said = [
        (host["host"], Worked.model_validate(host["worked"]))
        for host in json.loads(told(JsonReporter, subject, *hosts))["hosts"]
        if host["worked"]
    ]
    assert len(said) == len([each for each in times if each])
    own = {name: each.own for name, each in said}
    slowest = sorted(own, key=lambda name: (-own[name], name))
    began = min(each.began for _, each in said)
    ended = max(each.began + timedelta(seconds=each.seconds) for _, each in said)

    suites = JUnitXml.fromstring(rendered(subject, "junit", *hosts).encode())
    assert {suite.name: suite.time for suite in suites if suite.time} == own
    total = suites.time
    suites.update_statistics()  # by the cases, as its readers do
    assert suites.time == total == pytest.approx(sum(own.values()))

    [run] = json.loads(rendered(subject, "sarif", *hosts))["runs"]
    [invocation] = run["invocations"]
    assert invocation["startTimeUtc"] == f"{began:%Y-%m-%dT%H:%M:%SZ}"
    assert invocation["endTimeUtc"] == f"{ended:%Y-%m-%dT%H:%M:%SZ}"

    text = rendered(subject, "markdown", *hosts)
    [sentence] = re.findall(r"\n([0-9]+ of [0-9]+ hosts were worked on.*)\n", text)
    assert sentence.startswith(f"{len(said)} of {len(hosts)} hosts were worked on, in ")
    assert sentence.endswith(f"the slowest {took(own[slowest[0]])}.")
    rows = [row[:2] for row in cells(text.partition("## Slowest")[2].partition("## Hosts")[0])]
    assert rows[1:] == [[name, took(own[name])] for name in slowest[:10]]

    page = rendered(subject, "html", *hosts)
    assert f"<p>{sentence}</p>" in page
    shown = re.findall(r'data-host="([^"]*)".*?<data value="([0-9.]+)">([^<]*)</data>', page)
    assert shown == [(name, f"{own[name]:.3f}", took(own[name])) for name in slowest[:20]]
    each = r'<b class="name">([^<]*)</b>.*?<span class="dim">([^<]*)</span></span></summary>'
    assert dict(re.findall(each, page)) == {name: took(seconds) for name, seconds in own.items()}
    if rest := slowest[20:]:
        assert f"The slowest 20 of {len(own)} hosts; {len(rest)} others took" in page
        assert f"took {took(own[rest[0]])} at most" in page


def test_the_picture_of_verdicts_over_time_says_the_same_as_its_table() -> None:
    hosts = reports(*MANY)
    page = rendered(about(*hosts), "html", *hosts)
    [path] = re.findall(r'class="line" d="M0 200([HV0-9]*)Z"', page)
    *steps, last = re.findall(r"H([0-9]+)V([0-9]+)", path)
    assert [int(at) for at, _ in steps] == sorted(int(at) for at, _ in steps)
    assert (steps[-1][1], last) == ("0", ("1000", "200"))
    ends = sorted((each.began - NINE).total_seconds() + each.seconds for each in MANY if each)
    for at, high in steps[:-1]:
        done = sum(end <= ends[-1] * int(at) / 1000 for end in ends)
        assert 200 - int(high) == round(200 * done / len(ends))
    after = dict(re.findall(r"<th scope=\"row\">([0-9]+) %</th><td>[^<]*</td><td>([^<]*)<", page))
    assert after["50"] == took(ends[49])
    assert after["100"] == took(ends[-1])
    [desc] = re.findall(r'<desc id="finished-desc">([^<]*)</desc>', page)
    assert desc == "; ".join(f"{share} % after {each}" for share, each in after.items())


def test_nobody_is_told_of_times_that_nobody_has_measured() -> None:
    hosts = reports(None, None)
    for form in ("junit", "sarif", "markdown", "html"):
        text = rendered(about(*hosts), form, *hosts)
        assert "worked on" not in text
        assert not re.search(r"timestamp=|time=\"[^0]|TimeUtc|Slowest|<h2 id=\"time\"", text)


def test_one_host_is_told_what_it_took_and_compared_with_none() -> None:
    [host] = reports(worked(0, 130, rested=60, asked=10))
    sentence = "It took 2 min, 60 s of it waiting for a change, besides 10 s for an answer."
    for form in ("markdown", "html"):
        text = rendered(about(host), form, host)
        assert sentence in text
        assert "lowest" not in text


def test_hosts_of_several_runs_are_told_each_from_the_start_of_its_run() -> None:
    day = 24 * 3600
    times = times_of(
        [worked(0, 5), worked(2, 6), worked(day, 4), worked(day + 7, 9)], ["A", "A", "B", "B"]
    )
    assert [(one.host, one.began) for one in times.slowest()] == [
        ("H3", 7),
        ("H1", 2),
        ("H0", 0),
        ("H2", 0),
    ]
    assert times.sentence(4) == (
        "4 hosts were worked on, in 16 s, each from the start of its run. "
        "Half took 5.0 s at most, the slowest 9.0 s."
    )
    assert (
        times_of([worked(0, 5)]).sentence(21).startswith("1 of 21 hosts was worked on, in 5.0 s.")
    )


WAITED: list[tuple[str, list[Worked], str]] = [
    ("one", [*one_after_the_other(20, 1), worked(3, 42)], "H20, 25 s longer than for all others"),
    (
        "two of many",
        [*one_after_the_other(30, 1), worked(3, 90), worked(3, 80)],
        "H30 and H31, 63 s longer than for all others",
    ),
    ("all alike", one_after_the_other(20, 5), ""),
    ("a tenth and more", [*one_after_the_other(20, 1), *[worked(0, 90)] * 4], ""),
    ("less than a word is worth", [worked(0, 1), worked(0, 1), worked(0, 9)], ""),
    ("long anyway", [*one_after_the_other(20, 5), worked(0, 130)], ""),
    ("only one", [worked(0, 99)], ""),
]


@pytest.mark.parametrize(
    ("times", "said"), [each[1:] for each in WAITED], ids=[x[0] for x in WAITED]
)
def test_a_run_that_waited_for_a_few_says_for_whom(
    times: list[Worked], said: str, shown: Callable[..., str]
) -> None:
    assert times_of(times).waited_for() == said
    line = f"waited for: {said.replace('H', 'SRV0')}\n"
    assert (line in shown(*reports(*times), command="audit")) == bool(said)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.004, "0 s"),
        (0.994, "0.99 s"),
        (0.996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (119.4, "119 s"),
        (119.6, "2 min"),
        (125, "2 min 5 s"),
        (7199, "119 min 59 s"),
        (7200, "2 h"),
        (3_700_000, "1,027 h 46 min"),
    ],
)
def test_a_time_has_as_many_digits_as_one_reads(seconds: float, said: str) -> None:
    assert took(seconds) == said
