"""Verdicts that were reached are never lost, whatever fails after them."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, ClassVar, cast

import pytest

from remediate.cli.following import Following
from remediate.cli.output import Output
from remediate.cli.stop import Interrupted, Stop
from remediate.cli.terminal import Terminal
from remediate.model.event import HostPhase, HostProgress, Phase
from remediate.model.outcome import HostReport, Outcome
from remediate.redaction import Redaction
from remediate.report.reporter import Subject
from remediate.store.errors import StoreUnavailable

Follow = Callable[..., Following]


def report(host: str, outcome: Outcome = Outcome.CHANGED) -> HostReport:
    return HostReport(host=host, outcome=outcome)


def then(error: BaseException, *reports: HostReport) -> Iterator[HostReport]:
    yield from reports
    raise error


@pytest.fixture
def follow() -> Follow:
    def make(*hosts: str, writes: bool = True) -> Following:
        subject = Subject(command="apply", hosts=hosts, run="R")
        return Following(Terminal(Redaction()), "json", subject, writes=writes)

    return make


def test_the_gravest_verdict_decides(follow: Follow) -> None:
    reports = [report("A"), report("B", Outcome.UNREACHABLE), report("C", Outcome.INDETERMINATE)]
    assert follow("A", "B", "C").finish(reports) == 4


def test_a_store_that_fails_at_the_very_end_does_not_hide_what_was_done(
    follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    error = StoreUnavailable("runs.db", "the disk is full", "Make room.")
    assert follow("A").finish(then(error, report("A"))) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out)["hosts"][0]["outcome"] == "changed"
    assert "the end of the run is not recorded" in shown.err


def test_a_store_that_fails_before_anything_is_just_that(
    follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    error = StoreUnavailable("runs.db", "the disk is full", "Make room.")
    with pytest.raises(StoreUnavailable):
        follow("A").finish(then(error))
    assert capsys.readouterr().out == ""


def test_an_internal_error_in_the_middle_still_shows_what_was_done(
    follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Stop, match="nobody foresaw") as stop:
        follow("A", "B").finish(then(ZeroDivisionError("x"), report("A")))
    assert stop.value.code == 1
    assert "runs reconcile" in stop.value.hint
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_code"], len(document["hosts"])) == (1, 1)


@pytest.mark.parametrize(
    ("writes", "says"),
    [(True, "1 host may be in the middle of a change"), (False, "nothing was written")],
)
def test_an_interruption_says_what_was_left_behind(
    writes: bool, says: str, follow: Follow, capsys: pytest.CaptureFixture[str]
) -> None:
    following = follow("A", "B", writes=writes)
    following.emit(HostPhase(host="B", phase=Phase.APPLY))
    with pytest.raises(Interrupted, match=says) as stop:
        following.finish(then(KeyboardInterrupt(), report("A")))
    assert stop.value.code == 130
    assert json.loads(capsys.readouterr().out)["exit_code"] == 130


@pytest.mark.parametrize(
    ("phases", "says"),
    [
        ({}, "what was under way was finished, and no other host was begun"),
        ({"A": "apply"}, "what was under way was finished, and no other host was begun"),
        (
            {"B": "observe"},
            r"interrupted; 1 host was still being looked at, and may have gone on to a change",
        ),
        (
            {"A": "apply", "B": "apply observe", "C": "stage", "D": "observe confirm"},
            "2 hosts may be in the middle of a change; 1 host was still being looked at, and may",
        ),
    ],
)
def test_only_hosts_that_were_begun_may_be_half_way(
    phases: dict[str, str], says: str, follow: Follow
) -> None:
    following = follow(*"ABCDEFGH")
    for host, entered in phases.items():
        for phase in entered.split():
            following.emit(HostPhase(host=host, phase=Phase(phase)))
    with pytest.raises(Interrupted, match=says):
        following.finish(then(KeyboardInterrupt(), report("A")))


@pytest.mark.parametrize(
    ("writes", "says"), [(True, "See remediate runs show R"), (False, "Run it again.")]
)
def test_a_result_that_is_cut_off_is_not_said_to_leave_hosts_half_way(
    writes: bool, says: str, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code says that not all was told, whatever became of the hosts."""

    class Impatient(io.StringIO):
        def write(self, _: str) -> int:
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdout", Impatient())
    with pytest.raises(Interrupted, match="while the result was being written") as stop:
        follow("A", writes=writes).finish([report("A")])
    assert (stop.value.code, stop.value.hint.startswith(says)) == (130, True)


def test_a_host_that_was_left_with_something_under_way_is_counted(follow: Follow) -> None:
    reports = then(KeyboardInterrupt(), report("A"), report("B", Outcome.INDETERMINATE))
    with pytest.raises(Interrupted, match="1 host may be in the middle of a change") as stop:
        follow("A", "B").finish(reports)
    assert stop.value.hint.startswith(
        "Find out with remediate runs reconcile, then see remediate runs"
    )


def test_a_reader_that_leaves_does_not_stop_the_hosts(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Output(Gone()))
    following = Following(
        cast("Any", _Silent()), "ndjson", Subject(command="apply", hosts=("A",)), writes=True
    )
    following.emit(HostPhase(host="A", phase=Phase.APPLY))
    assert following.finish([report("A", Outcome.FAILED_CHANGED)]) == 4


def test_how_far_a_host_is_is_shown_while_it_settles() -> None:
    class Bar:
        shown: ClassVar[list[str]] = []

        def host(self, name: str, doing: str, far: str) -> None:
            self.shown.append(f"{doing} {name}{far}")

    subject = Subject(command="apply", hosts=("A",))
    following = Following(cast("Any", _Silent()), "console", subject, writes=True)
    following._progress = cast("Any", Bar())
    following.emit(HostPhase(host="A", phase=Phase.APPLY))
    far = HostProgress(host="A", phase=Phase.APPLY, done=1500, total=100_000, unit="files")
    following.emit(far)
    following.emit(far.model_copy(update={"total": 0, "unit": ""}))
    assert Bar.shown == [
        "writing to A",
        "writing to A: 1,500 of 100,000 files",
        "writing to A: 1,500",
    ]


class _Silent(Terminal):
    """A terminal that shows nothing."""

    def __init__(self) -> None:
        super().__init__(Redaction())

    def progress(self, hosts: int) -> Any:
        del hosts
        return nullcontext()
