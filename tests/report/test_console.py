"""What one reads at 3 a.m."""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from remediate.model.change import Severity
from remediate.model.difference import Difference
from remediate.model.evidence import Evidence
from remediate.model.finding import Advice
from remediate.model.outcome import Holder, HostReport, Outcome
from remediate.model.plan import Conflict, Refusal, Unanswered
from remediate.model.problem import Problem
from remediate.report.console import print_lines
from remediate.report.lines import COMMAND, line, plan_lines
from remediate.report.reporter import Subject
from remediate.report.words import MAX_VALUE, after, clock, command_line, moment, value

Make = Callable[..., Any]

RUN = "20261123-010203-abcd"


def test_a_changed_host_shows_wrong_before_after_proof_and_how_to_undo(
    change: Make, plan: Make, shown: Make
) -> None:
    made = change()
    report = HostReport(
        host="SRV01", outcome=Outcome.CHANGED, plan=plan(changes=(made,)), applied=(made,)
    )
    assert shown(report, run=RUN) == (
        "SRV01  CHANGED  written and read back\n"
        "  schedule-fix\n"
        "    fixed: task \\A\\B\n"
        "        until now: Task Scheduler kills the running backup.\n"
        "        multiple_instances: StopExisting (3) → IgnoreNew (2)\n"
        "        read back: IgnoreNew (2)\n"
        f"  to undo: remediate rollback {RUN}\n"
        f"run {RUN}, exit code 0\n"
    )


def test_critical_comes_first_whatever_the_order_of_writing(
    change: Make, plan: Make, shown: Make
) -> None:
    minor = change(title="task minor", severity=Severity.NOTICE)
    report = HostReport(
        host="A", outcome=Outcome.WOULD_CHANGE, plan=plan(changes=(minor, change(title="task x")))
    )
    text = shown(report, command="audit")
    assert text.index("critical: task x") < text.index("notice: task minor")


def test_what_a_playbook_makes_true_stands_once_above_its_findings_the_gravest_first(
    change: Make, plan: Make, shown: Make
) -> None:
    minor = change(playbook="tidy", title="folder a", severity=Severity.NOTICE, why="")
    found = plan(
        changes=(minor, change(title="task x", why=""), change(title="task y", why="")),
        advice=(Advice("No policy", "Save one.", Severity.CRITICAL, "schedule-fix"),),
    )
    report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=found)
    text = shown(report, command="audit", titles={"schedule-fix": "Do it right"})
    said = [row for row in text.splitlines() if row[4:5] != " "]
    assert said == [
        "A  WOULD CHANGE  nothing was written",
        "  schedule-fix: Do it right",
        "    critical: task x",
        "    critical: task y",
        "    critical, for a person: No policy",
        "  tidy",
        "    notice: folder a",
    ]


def test_to_do_it_names_the_playbooks_that_announced_a_change(
    change: Make, plan: Make, shown: Make
) -> None:
    wanted = plan(changes=(change(playbook="b"), change(playbook="a")))
    report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=wanted)
    text = shown(report, command="audit", proceed=lambda ids: f"do {' '.join(sorted(ids))}")
    assert text.endswith("\nto do it: do a b\n")


def test_to_do_it_leaves_out_what_is_refused(change: Make, plan: Make, shown: Make) -> None:
    refused = (Refusal(playbook="b", text="there is no volume E:"),)
    changes = (change(playbook="b"), change(playbook="a"))
    for wanted, says in ((changes, "to do it: do a\n"), (changes[:1], "")):
        found = plan(changes=wanted, refusals=refused)
        report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=found)
        text = shown(report, command="audit", proceed=lambda ids: f"do {' '.join(sorted(ids))}")
        assert "refused" in text.casefold()
        assert text.partition("to do it: ")[1:] == says.partition("to do it: ")[1:]


def test_half_changed_says_which_change_holds_and_which_not(
    change: Make, plan: Make, shown: Make
) -> None:
    made = change()
    lost = change(title="task \\A\\C", resource={"kind": "scheduled_task", "key": {"name": "C"}})
    report = HostReport(
        host="A",
        outcome=Outcome.FAILED_CHANGED,
        plan=plan(changes=(made, lost)),
        applied=(made,),
        differing=(
            Difference(
                resource=lost.resource,
                title=lost.title,
                property="multiple_instances",
                expected=2,
                found=3,
                expected_label="IgnoreNew",
                found_label="StopExisting",
            ),
        ),
        problem=Problem(code="x", message="it broke", hint="look"),
        lease_kept=True,
    )
    text = shown(report, run=RUN)
    assert "read back: IgnoreNew (2)" in text
    assert "not in force" in text
    assert "multiple_instances is StopExisting (3), should be IgnoreNew (2)" in text
    assert "left behind: the lease" in text
    assert f"to undo: remediate rollback {RUN}" in text


@pytest.mark.parametrize(
    ("found", "label", "says"),
    [
        ({"id": 7}, "process 7", "process is still process 7, should be restarted"),
        (None, None, "process is absent, should be restarted"),
    ],
)
def test_a_restart_that_did_not_happen_is_said_as_one(
    found: Any, label: str | None, says: str, change: Make, plan: Make, shown: Make
) -> None:
    lost = change(title="service A", property="process", renews=True, after=None)
    difference = Difference(
        resource=lost.resource,
        title="service A",
        property="process",
        found=found,
        found_label=label,
        expected_label="restarted",
        renews=True,
    )
    report = HostReport(
        host="A",
        outcome=Outcome.FAILED_CHANGED,
        plan=plan(changes=(lost,)),
        differing=(difference,),
    )
    assert f"not as it should be: service A: {says}" in shown(report)


def test_what_could_not_be_undone_is_named_beside_what_was(
    change: Make, plan: Make, shown: Make
) -> None:
    back = change()
    lasting = change(
        title="service A",
        property="process",
        resource={"kind": "service", "key": {"name": "A"}},
        after=None,
        after_label="restarted",
        renews=True,
        reversible=False,
    )
    report = HostReport(
        host="A",
        outcome=Outcome.ROLLED_BACK,
        plan=plan(changes=(back, lasting)),
        applied=(lasting,),
        problem=Problem(code="x", message="it broke", hint="look"),
    )
    text = shown(report, run=RUN)
    assert "the host is as it was, but for what cannot be undone" in text
    assert text.count("could not be undone: restarted") == 1
    assert "to undo" not in text


def test_a_plan_that_was_shown_and_declined_is_not_shown_again(
    change: Make, plan: Make, shown: Make
) -> None:
    problem = Problem(code="declined", message="the plan was not agreed to")
    found = plan(changes=(change(),))
    report = HostReport(host="A", outcome=Outcome.REFUSED, plan=found, problem=problem)
    assert shown(report) == (
        "A  REFUSED  nothing was written\n  what happened: the plan was not agreed to\n"
    )


def test_what_a_record_advises_is_not_said_as_ours(shown: Make) -> None:
    problem = Problem(code="x", message="it broke", hint="Run this.")
    report = HostReport(host="A", outcome=Outcome.FAILED_UNCHANGED, problem=problem)
    rows = shown(report, recorded=True).splitlines()[1:]
    assert rows == ["  recorded then: it broke", "  advised then:  Run this."]


def test_what_a_later_command_needs_is_part_of_it(change: Make, plan: Make, shown: Make) -> None:
    made = change()
    report = HostReport(
        host="A", outcome=Outcome.CHANGED, plan=plan(changes=(made,)), applied=(made,)
    )
    text = shown(report, run=RUN, needed=["--playbooks", "/my own"])
    assert f"to undo: remediate rollback {RUN} --playbooks '/my own'\n" in text


def test_a_rollback_that_broke_off_is_to_be_tried_again(
    change: Make, plan: Make, shown: Make
) -> None:
    made = change()
    report = HostReport(
        host="A", outcome=Outcome.FAILED_CHANGED, plan=plan(changes=(made,)), applied=(made,)
    )
    text = shown(report, command="rollback", run="NEW", undone=RUN)
    assert f"to try again: remediate rollback {RUN} --host A\n" in text
    assert "to undo" not in text


def test_unknown_says_how_to_find_out(plan: Make, change: Make, shown: Make) -> None:
    report = HostReport(
        host="A", outcome=Outcome.INDETERMINATE, plan=plan(changes=(change(),)), lease_kept=True
    )
    assert "to find out: remediate runs reconcile" in shown(report, run=RUN)


def test_a_conflict_names_all_three_values_and_the_way_to_force_it(
    change: Make, plan: Make, shown: Make
) -> None:
    conflicts = (Conflict(change=change(), current=1), Conflict(change=change(), missing=True))
    report = HostReport(host="SRV 1", outcome=Outcome.CONFLICT, plan=plan(conflicts=conflicts))
    text = shown(report, command="rollback", run="NEW", undone=RUN)
    assert "the run wrote IgnoreNew (2), now it is 1;" in text
    assert "before the run it was StopExisting (3)" in text
    assert "it does not exist any more" in text
    assert f"to overwrite it: remediate rollback {RUN} --host 'SRV 1' --force" in text


def test_a_conflict_that_has_a_reason_says_it(change: Make, plan: Make, shown: Make) -> None:
    conflict = Conflict(change=change(), current=2, reason="snapshots were made since: {1}")
    report = HostReport(host="A", outcome=Outcome.CONFLICT, plan=plan(conflicts=(conflict,)))
    text = shown(report, command="rollback", run="NEW", undone=RUN)
    assert "multiple_instances: snapshots were made since: {1};" in text
    assert "before the run it was StopExisting (3)" in text
    assert "now it is" not in text


def test_advice_refusals_assumptions_and_what_is_irreversible_are_told(
    change: Make, plan: Make, shown: Make
) -> None:
    told = plan(
        changes=(change(),),
        advice=(Advice("No policy", "Save one.", Severity.WARNING, "schedule-fix"),),
        refusals=(Refusal(playbook="schedule-fix", text="a backup runs"),),
        assumptions=("nobody saves the policy",),
        irreversible=("the process id",),
        not_applicable={"other-fix": "no agent", "b-fix": "no disk", "c-fix": "no agent"},
    )
    text = shown(HostReport(host="A", outcome=Outcome.REFUSED, plan=told))
    for part in (
        "for a person: No policy",
        "Save one.",
        "refused by schedule-fix: a backup runs",
        "assumed: nobody saves the policy",
        "rollback will not bring back: the process id",
        "other-fix and c-fix do not apply: no agent",
        "b-fix does not apply: no disk",
    ):
        assert part in text


def test_what_a_finding_rests_on_stands_below_it_cut_where_it_is_long(
    change: Make, plan: Make, shown: Make
) -> None:
    since = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    line = Evidence("Failed: 0x186A0", "CBEngineCurr.errlog, line 12", since)
    lines = (line, Evidence("x" * 500), *(Evidence(f"line {number}") for number in range(7)))
    told = plan(
        changes=(change(evidence=(Evidence("killed at noon"),)),),
        advice=(Advice("Look", "At it.", evidence=lines),),
    )
    report = HostReport(host="A", outcome=Outcome.WOULD_CHANGE, plan=told)
    text = shown(report)
    assert text.count("seen: ") == 1 + 5 + 1
    for part in (
        "seen: killed at noon\n",
        f"seen: Failed: 0x186A0 (CBEngineCurr.errlog, line 12, {moment(since)})\n",
        f"seen: {'x' * 400}… (500 characters; --format json has them all)\n",
        "seen: line 2\n",
        "seen: 4 more; --format json has them all\n",
    ):
        assert part in text
    again = HostReport.model_validate_json(report.model_dump_json())
    assert again.plan
    assert again.plan.advice[0].evidence == lines


def test_locks_say_who_holds_a_host_and_since_when(shown: Make) -> None:
    since = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    holder = Holder(run=RUN, owner="ada@bastion", since=since, until=since.replace(hour=2))
    report = HostReport(host="A", outcome=Outcome.COMPLIANT, holder=holder)
    text = shown(report, command="hosts locks")
    assert "A  HELD" in text
    assert f"run {RUN} (ada@bastion) has held this host since {moment(since)};" in text
    assert f"its lease ends by {moment(holder.until)}\n" in text


def test_several_hosts_end_with_a_count_and_undo_names_the_host(
    change: Make, plan: Make, shown: Make, compliant: Make
) -> None:
    made = change()
    changed = HostReport(
        host="A", outcome=Outcome.CHANGED, plan=plan(changes=(made,)), applied=(made,)
    )
    text = shown(changed, compliant("B"), compliant("C"), run=RUN)
    assert f"to undo: remediate rollback {RUN} --host A\n" in text
    assert "3 hosts: 2 compliant, 1 changed\n" in text


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("command", ["apply", "rollback", "audit", "hosts check", "runs reconcile"])
def test_every_verdict_has_words(outcome: Outcome, command: str, shown: Make) -> None:
    assert shown(HostReport(host="A", outcome=outcome), command=command).startswith("A  ")


def test_what_a_host_says_cannot_steer_the_terminal(change: Make, plan: Make, shown: Make) -> None:
    evil = "\x1b[2J\u202eevil\x07\n"
    report = HostReport(
        host=f"A{evil}",
        outcome=Outcome.FAILED_CHANGED,
        plan=plan(
            changes=(change(title=evil, why=evil, before=evil, before_label=evil, property=evil),),
            advice=(Advice(evil, evil, evidence=(Evidence(evil, evil),)),),
            not_applicable={evil: evil},
        ),
        differing=(Difference(resource=change().resource, title=evil, property=evil, found=evil),),
        notes=(evil,),
        problem=Problem(code="x", message=evil, hint=evil),
    )
    text = shown(report, run=RUN)
    assert not set(text) & set("\x1b\u202e\x07")
    assert all(part == part.rstrip() for part in text.splitlines())


def test_the_plan_that_a_person_is_asked_about_says_it_all(change: Make, plan: Make) -> None:
    out = io.StringIO()
    asked = plan(changes=(change(),), conflicts=(Conflict(change=change(), current=0),))
    print_lines(plan_lines(asked, Subject(command="apply", hosts=["SRV01"])), out)
    assert out.getvalue().startswith("SRV01  1 CHANGE PLANNED\n")
    assert "StopExisting (3) → IgnoreNew (2)" in out.getvalue()
    assert "left alone" in out.getvalue()


class Screen(io.StringIO):
    """A terminal of 40 columns."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_lines_are_wrapped_on_a_terminal_and_whole_elsewhere(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", term)
    monkeypatch.setenv("NO_COLOR", "1")
    screen, file = Screen(), io.StringIO()
    text = "한국어 " * 20 + "x" * 90
    for out in (screen, file):
        print_lines([line(6, text)], out)
    assert file.getvalue() == f"      {text}\n"
    rows = screen.getvalue().splitlines()
    assert len(rows) > 3
    width = max(sum(2 if "가" <= c <= "힣" else 1 for c in row) for row in rows)
    assert width <= 40
    assert all(row.startswith("      ") for row in rows)


def test_a_command_is_left_to_the_terminal_to_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    typed = "remediate rollback 20261129-230411-70b0 --host SRV01"
    print_lines([line(2, "to undo: ", (typed, COMMAND))], screen := Screen())
    assert screen.getvalue() == f"  to undo: {typed}\n"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain, coloured = Screen(), Screen()
    print_lines([line(0, ("A", "bold red"))], coloured)
    monkeypatch.setenv("NO_COLOR", "1")
    print_lines([line(0, ("A", "red"))], plain)
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[3" not in plain.getvalue()


def test_no_text_is_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor has it to be escaped, which folders and patterns of Windows do not survive."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    screen = Screen()
    texts = ["[b]bold[/b]", "\\Microsoft\\OnlineBackup\\", r"^\[\d+\]", r"C:\[old]", "[fe80::1]"]
    print_lines([line(0, text) for text in texts], screen)
    assert screen.getvalue().splitlines() == texts


def test_a_legacy_code_page_gets_an_arrow_that_it_has() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="cp1252", newline="\n")
    print_lines([line(0, "a → b 한")], out)
    assert raw.getvalue() == b"a -> b \\ud55c\n"


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        (None, None, "absent"),
        (2, "IgnoreNew", "IgnoreNew (2)"),
        (True, None, "true"),
        ("plain", None, "plain"),
        ("", None, '""'),
        (" x", None, '" x"'),
        ([1, "ö"], None, '[1, "ö"]'),
        ({"type": "String", "data": "x"}, "x", "x"),
    ],
)
def test_values_read_as_a_person_would_write_them(
    data: object, label: str | None, text: str
) -> None:
    assert text == value(data, label)


def test_a_long_value_is_cut_and_says_so() -> None:
    text = value("x" * 5000)
    assert len(text) < MAX_VALUE + 80
    assert "5000 characters" in text


def test_no_text_is_longer_than_a_person_reads() -> None:
    out = io.StringIO()
    print_lines([line(0, "x" * 10**6)], out)
    assert out.getvalue().startswith("x" * 20_000 + "\u2026 (1000000 characters; ")
    assert len(out.getvalue()) < 20_100


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no TZ")
def test_a_person_reads_the_time_of_here_with_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "NST+3:30")
    time.tzset()
    try:
        assert moment(datetime(2026, 11, 28, tzinfo=UTC)) == "2026-11-27 20:30:00-03:30"
        assert clock("2026-11-28T00:00:00.0000000Z") == "2026-11-27 20:30:00-03:30"
        assert moment(datetime.min.replace(tzinfo=UTC)) == "0001-01-01 00:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert clock("noon") == "noon"


def test_commands_can_be_pasted() -> None:
    assert command_line(["remediate", "--host", "a b", "$(x)"]) == "remediate --host 'a b' '$(x)'"


def test_a_restart_is_shown_as_what_happens_not_as_an_absent_value(change: Make) -> None:
    restart = change(before={"id": 2184}, after=None, after_label="restarted", renews=True)
    assert after(restart) == "restarted"


SILENT = Unanswered(
    question="tasks: folder \\A\\",
    playbooks=("schedule-fix",),
    problem=Problem(
        code="no_time",
        message="tasks: folder \\A\\: the host has not answered within 10 s",
        hint="Something hangs there.",
    ),
    named=True,
)


def test_what_was_not_answered_stands_beside_the_verdict_and_in_the_last_line(
    plan: Make, shown: Make
) -> None:
    report = HostReport(
        host="SRV01", outcome=Outcome.COMPLIANT, plan=plan(changes=(), unanswered=(SILENT,))
    )
    assert shown(report, command="audit") == (
        "SRV01  COMPLIANT  nothing to change in what was answered\n"
        "  not answered: tasks: folder \\A\\  [schedule-fix]\n"
        "      the host has not answered within 10 s\n"
        "      Something hangs there.\n"
        "not answered: 1 question (tasks: folder \\A\\)\n"
    )


def test_a_reason_that_was_told_already_is_not_told_again(plan: Make, shown: Make) -> None:
    problem = SILENT.problem.model_copy(update={"hint": "Nothing was written. Look there."})
    report = HostReport(
        host="SRV01",
        outcome=Outcome.REFUSED,
        problem=problem,
        plan=plan(changes=(), unanswered=(SILENT,)),
    )
    assert shown(report, command="apply").count("has not answered") == 1


def test_hosts_are_counted_in_the_words_of_the_files(shown: Make) -> None:
    told = [HostReport(host=name, outcome=Outcome.ATTENTION) for name in "AB"]
    assert "2 hosts: 2 need attention\n" in shown(*told)


def test_of_several_hosts_it_is_said_how_many_have_not_answered_all(
    plan: Make, shown: Make
) -> None:
    other = SILENT.model_copy(update={"question": "shadow storages"})
    reports = [
        HostReport(host=name, outcome=Outcome.COMPLIANT, plan=plan(changes=(), unanswered=asked))
        for name, asked in (("A", (SILENT, other)), ("B", (other,)), ("C", ()))
    ]
    last = shown(*reports, command="audit").splitlines()[-1]
    assert (
        last
        == "not answered: 3 questions on 2 of 3 hosts (shadow storages and tasks: folder \\A\\)"
    )
