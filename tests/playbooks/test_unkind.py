"""A Windows that writes anew what it saves, and one that damages it.

Unkind is what means the same in other words: all ends as on a kind Windows. Damage is whatever
means something else: it is found, and undone or named. `tests/conformance` has both engines do it.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from remediate.lab.content import MODULE
from remediate.lab.kinds import names, record, switches, turn_on
from remediate.lab.kinds.agent_proxy import KIND as PROXY
from remediate.lab.kinds.defender_exclusion import KIND as EXCLUSION
from remediate.lab.kinds.folder_access import KIND as ACCESS
from remediate.lab.kinds.folder_marks import KIND as MARKS
from remediate.lab.kinds.folder_marks import SCRATCH
from remediate.lab.kinds.leftover import KIND as LEFT
from remediate.lab.kinds.registry_value import KIND as REGISTRY
from remediate.lab.kinds.scheduled_task import KIND as TASK
from remediate.lab.kinds.scratch_move import KIND as MOVE
from remediate.lab.kinds.service import KIND as SERVICE
from remediate.lab.kinds.shadow_storage import KIND as STORAGE
from remediate.lab.kinds.time_zone import KIND as ZONE
from remediate.model.outcome import ExitCode, Outcome
from remediate.testing import Case
from tests.drawn import chance, drawn
from tests.playbooks.known import SIMULATED as CASES
from tests.playbooks.unkind import (
    FORMS,
    LOST,
    ODD,
    ON,
    REGISTRATION,
    TRIGGERS,
    Switched,
    case_of,
    damaged,
    named,
    rewritten,
    service,
    storage,
    teller,
    told,
)

UNKIND, DAMAGING = switches(), switches(damaging=True)
OFTEN = {"saved", "a person's"}
"""Forms of a definition that an ordinary run tries; what else there is comes in the slow one."""

# --- unkind -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "each"),
    [
        *(
            pytest.param(form, False, id=form, marks=() if form in OFTEN else pytest.mark.slow)
            for form in FORMS
        ),
        *(
            pytest.param(form, True, id=f"{form}, one by one", marks=pytest.mark.slow)
            for form in FORMS
        ),
    ],
)
def test_each_form_of_a_definition_ends_the_same_way_with_each_switch(
    form: str, each: bool, record_property: Callable[[str, object], None]
) -> None:
    """The whole story: dry run, apply, audit, rollback, rollback of it, somebody else's edit.

    With none, with all together, and in the slow run one by one.
    """
    case = case_of(FORMS[form])
    tried = [on for on in UNKIND if on[0] == TASK and rewritten(case, on)]
    assert len(tried) >= 8
    ways = [(), tuple(tried), *((on,) for on in tried if each)]
    for way in ways:
        with told(way):
            teller(case, *way).tell()
    record_property("unkind", len(ways))


@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == STORAGE], ids="".join)
def test_a_size_that_is_rounded_is_the_size_that_was_asked_for(on: Switched) -> None:
    """The limit before is no round one, and is put back."""
    one = teller(storage(20_000_000_000), on)
    assert one.state.saved_size(STORAGE, ODD, 0) != ODD
    one.tell()


EXCLUDED = named("antivirus-exclusions", "somebody-elses-are-left")


@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == EXCLUSION], ids="".join)
def test_an_exclusion_that_is_saved_in_another_form_is_the_one_that_was_asked_for(
    on: Switched,
) -> None:
    assert rewritten(EXCLUDED, on)
    teller(EXCLUDED, on).tell()


def test_a_mark_that_is_taken_from_files_too_is_no_harm() -> None:
    one = teller(named("scratch-attributes", "files-inside"), (MARKS, "the files in it, too"))
    assert one.apply().outcome is Outcome.CHANGED
    scratch = record(one.state, MARKS, path=SCRATCH)
    assert "OnlineBackup.KEK" not in {inside["name"] for inside in scratch["inside"]}


OTHER_PROXY = named("proxy-settings", "another-port")


@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == PROXY], ids="".join)
def test_a_proxy_in_other_words_is_the_one_that_was_written(on: Switched) -> None:
    assert rewritten(OTHER_PROXY, on)
    teller(OTHER_PROXY, on).tell()


READ_ONLY = named("scratch-access", "read-only")


@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == ACCESS], ids="".join)
def test_an_access_list_in_other_words_is_the_one_that_was_written(on: Switched) -> None:
    teller(READ_ONLY, on).tell()


ZONED = named("time-zone", "switched-off")


@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == ZONE], ids="".join)
def test_a_zone_in_other_letters_is_the_one_that_was_asked_for(on: Switched) -> None:
    one = teller(ZONED, on)
    asked = ZONED.parameters["to"]
    assert one.state.saved_text(ZONE, asked) != asked
    one.tell()


RESTART, START = service(), service(status="Stopped", start="Disabled")


@pytest.mark.parametrize("case", [RESTART, START], ids=["restart", "start"])
@pytest.mark.parametrize("on", [on for on in UNKIND if on[0] == SERVICE], ids="".join)
def test_a_service_that_is_on_its_way_for_seconds_is_waited_for(case: Case, on: Switched) -> None:
    one = teller(case, on)
    begun = one.state.clock()
    one.tell()
    assert one.state.clock() - begun > timedelta(seconds=3)


def test_a_stop_that_outlasts_our_patience_is_waited_for_before_the_service_is_started_again() -> (
    None
):
    one = teller(RESTART)
    one.state.edits = {SERVICE: [("stop", "40")]}
    assert one.apply().outcome is Outcome.ROLLED_BACK
    assert record(one.state, SERVICE, name="MSiSCSI")["status"] == "Running"


def test_a_restart_is_proven_though_it_ends_long_after_the_host_said_its_time() -> None:
    one = teller(RESTART)
    one.state.edits = {SERVICE: [("stop", "20"), ("start", "20")]}
    assert one.apply().outcome is Outcome.CHANGED


def test_a_start_that_outlasts_our_patience_is_told_and_needs_nothing_once_it_is_over() -> None:
    one = teller(RESTART)
    one.state.edits = {SERVICE: [("start", "40")]}
    report = one.apply()
    assert (report.outcome, report.exit_code) == (Outcome.FAILED_CHANGED, ExitCode.NEEDS_PERSON)
    assert "status" in [found.property for found in report.differing]
    one.state.wait(40)
    assert one.rollback(one.applied_run).outcome is Outcome.COMPLIANT


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.id, marks=[pytest.mark.slow] if number % 8 else [])
        for number, case in enumerate(drawn(CASES, len(CASES) // 2, "unkind"))
    ],
)
def test_every_case_ends_on_an_unkind_windows_as_on_a_kind_one(case: Case) -> None:
    """In ways that are drawn by the seed of the run."""
    some = chance(case.id)
    chosen = [on for on in UNKIND if some.random() < 0.5]
    late: list[str] = [kind for kind in names() if some.random() < 0.3]
    with told((str(chosen), f"late: {late}")):
        one = teller(case, *chosen)
        one.state.hangs = {**dict.fromkeys(late, "late"), **one.state.hangs}
        one.tell()


# --- what was seen of one definition, by the number of the observation ---------------------------


def timed(more: str) -> str:
    return FORMS["saved"].replace("<TimeTrigger>", f"<TimeTrigger>{more}")


def daily(schedule: str) -> str:
    return FORMS["saved"].replace(
        "<Triggers>", f"<Triggers><CalendarTrigger>{schedule}</CalendarTrigger>"
    )


def said_by(principal: str) -> str:
    return FORMS["saved"].replace("<UserId>S-1-5-18</UserId>", principal)


ROWS = {
    1: (timed("<Repetition><Interval>PT1320M</Interval></Repetition>"), "a duration in hours"),
    2: (timed("<RandomDelay>PT240M</RandomDelay>"), "a duration in hours"),
    3: (timed("<Repetition><Interval>PT24H</Interval></Repetition>"), "a duration in days"),
    4: (FORMS["saved"], "a duration in days"),
    4.5: (FORMS["saved"], "no limit where it is the default"),
    5: (FORMS["a manifest's"], "a version"),
    6: (FORMS["saved"], "another version"),
    7: (FORMS["of few words"], "a run level"),
    8: (
        FORMS["saved"].replace(
            "</Settings>",
            "<MaintenanceSettings><Period>P1D</Period></MaintenanceSettings></Settings>",
        ),
        "maintenance that may be shared",
    ),
    11: (
        FORMS["saved"].replace(' id="Author"', "").replace(' Context="Author"', ""),
        "an id and a context",
    ),
    12: (
        FORMS["of few words"].replace("<BootTrigger></BootTrigger>", "<BootTrigger />"),
        "triggers that say that they are on",
    ),
    13: (FORMS["saved"].replace(REGISTRATION, "<RegistrationInfo />"), "where it is registered"),
    14: (daily("<ScheduleByDay />"), "each day, in words"),
    14.5: (
        daily("<ScheduleByWeek><DaysOfWeek><Sunday /></DaysOfWeek></ScheduleByWeek>"),
        "each day, in words",
    ),
    15: (FORMS["saved"].replace(TRIGGERS.format(on=ON), "<Triggers />"), "no empty triggers"),
    15.5: (FORMS["saved"].replace(TRIGGERS.format(on=ON), ""), "empty triggers"),
    16: (said_by("<UserId>System</UserId>"), "an account by its SID"),
    17: (
        said_by("<UserId>CONTOSO\\ada</UserId><LogonType>S4U</LogonType>"),
        "a person's SID",
    ),
    18: (FORMS["saved"].replace("<WakeToRun>false<", "<WakeToRun>1<"), "booleans as words"),
    19: (
        FORMS["saved"].replace("2026-01-01T00:00:00", "2026-01-01T00:00:00.000Z"),
        "no fraction of a second",
    ),
}


SAID_BESIDE = {
    15: ("Nothing starts",),
    15.5: ("Nothing starts",),
    17: ("does not run as SYSTEM",),
}
"""What is told of such a definition besides."""


@pytest.mark.parametrize("row", ROWS)
def test_a_definition_that_was_seen_in_two_forms_may_become_the_other(row: float) -> None:
    xml, name = ROWS[row]
    case = case_of(xml).model_copy(update={"advice": SAID_BESIDE.get(row, ())})
    assert rewritten(case, (TASK, name))
    teller(case, (TASK, name)).tell()


NEXT_TO_IT = {
    9: "what a trigger on a state has",
    10: "capitals",
}


@pytest.mark.parametrize("name", NEXT_TO_IT.values())
def test_a_task_that_is_not_written_to_may_become_its_other_form_too(name: str) -> None:
    """Windows' commands do not know its trigger, so it is left alone; and nobody has moved it."""
    state = "<WnfStateChangeTrigger><StateName>7550b9a33e06830d</StateName><Data>01</Data>"
    beside = FORMS["saved"].replace("<Triggers>", f"<Triggers>{state}</WnfStateChangeTrigger>")
    beside = beside.replace("StopExisting", "IgnoreNew")
    one = teller(case_of(FORMS["saved"], beside))
    [_, other] = one.state.windows["scheduled_tasks"]
    turn_on(one.state, (TASK, name))
    after = one.state.saved_text(TASK, beside)
    assert after != beside
    one.state.changed = lambda: other.update(xml=after)
    report = one.apply()
    assert (report.outcome, report.meanwhile, other["xml"]) == (Outcome.CHANGED, (), after)


# --- damaging ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("some of it stays", Outcome.FAILED_CHANGED),
        ("it is put back", Outcome.FAILED_UNCHANGED),
    ],
)
def test_what_is_not_removed_is_told(name: str, outcome: Outcome) -> None:
    """What is removed in part is not as it was, though each of its folders is there."""
    assert {on for on in DAMAGING if on[0] == LEFT} >= {(LEFT, name)}
    one = teller(named("leftovers", "removed"), (LEFT, name))
    report = one.apply()
    assert report.outcome is outcome
    assert report.problem


@pytest.mark.parametrize("form", FORMS)
def test_each_damage_to_each_form_is_named_by_the_run_and_by_its_rollback(
    form: str, record_property: Callable[[str, object], None]
) -> None:
    found = {}
    for on in DAMAGING:
        if on[0] == TASK:
            with told(on):
                found[on] = damaged(teller(case_of(FORMS[form]), on))
    assert all(found.values())
    record_property("damaging", len(found))


SEEN_DAMAGE = {
    20: (FORMS["saved"], LOST, ["Triggers/BootTrigger"]),
    21: (
        FORMS["saved"].replace(f"<BootTrigger>{ON}</BootTrigger>", ""),
        "a trigger becomes another",
        [
            "Triggers/SessionStateChangeTrigger",
            "Triggers/TimeTrigger StartBoundary 2026-01-01T00:00:00",
        ],
    ),
    22: (
        FORMS["saved"].replace(
            TRIGGERS.format(on=ON), f"<Triggers><BootTrigger>{ON}</BootTrigger></Triggers>"
        ),
        LOST,
        ["Triggers/BootTrigger"],
    ),
    23: (
        FORMS["saved"].replace(f"<BootTrigger>{ON}", f"<BootTrigger>{ON}<Delay>PT15M</Delay>"),
        LOST,
        ["Triggers/BootTrigger Delay PT15M"],
    ),
}


@pytest.mark.parametrize(("xml", "name", "names"), SEEN_DAMAGE.values(), ids=map(str, SEEN_DAMAGE))
def test_what_is_lost_or_becomes_another_kind_is_named(
    xml: str, name: str, names: list[str]
) -> None:
    assert damaged(teller(case_of(xml), (TASK, name))) == names


WRITING = [
    case
    for case in CASES
    if case.playbook in {"execution-policy", "module-path"} and case.applied is Outcome.CHANGED
][::3]


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == REGISTRY], ids="".join)
def test_a_value_that_is_not_the_one_that_was_written_is_named(on: Switched) -> None:
    """In every third case that writes one, where it makes another of it."""
    found = []
    for case in [case for case in WRITING if rewritten(case, on)]:
        one = teller(case, on)
        start, report = one.resources(), one.apply()
        if report.outcome is Outcome.FAILED_UNCHANGED:  # what was written is what was there
            assert one.resources() == start
        else:
            found += damaged(teller(case, on))
    assert len(found) >= 2
    assert set(found) == {"value"}


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == MODULE], ids="".join)
def test_a_module_of_which_a_file_is_lost_is_named(on: Switched) -> None:
    assert damaged(teller(named("module-restore", "file-missing"), on)) == ["installed"]


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == ACCESS], ids="".join)
def test_an_access_list_that_is_not_the_one_that_was_written_is_named(on: Switched) -> None:
    assert set(damaged(teller(READ_ONLY, on))) == {"access"}


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == PROXY], ids="".join)
def test_a_proxy_that_is_not_the_one_that_was_written_is_named(on: Switched) -> None:
    assert set(damaged(teller(named("proxy-settings", "another"), on))) == {"proxy"}


def test_a_folder_that_becomes_encrypted_is_named() -> None:
    one = teller(named("scratch-attributes", "files-inside"), (MARKS, "it becomes encrypted"))
    assert damaged(one) == ["encrypted"]


def test_a_scratch_folder_without_its_key_file_is_moved_back() -> None:
    one = teller(named("scratch-move", "moved"), (MOVE, "the key file is taken away"))
    start = one.windows()
    report = one.apply()
    assert report.outcome is Outcome.ROLLED_BACK
    one.is_now("The host after it was taken back", start)


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == ZONE], ids="".join)
def test_another_zone_than_was_asked_for_is_named(on: Switched) -> None:
    assert damaged(teller(ZONED, on)) == ["id"]


def test_a_start_mode_that_moves_with_a_restart_is_named() -> None:
    assert damaged(teller(RESTART, (SERVICE, "another start mode"))) == ["start_mode"]


def test_a_service_that_ends_as_soon_as_it_runs_is_named_and_started_by_the_rollback() -> None:
    one = teller(RESTART, (SERVICE, "it ends as soon as it runs"))
    report = one.apply()
    assert (report.outcome, report.exit_code) == (Outcome.FAILED_CHANGED, ExitCode.NEEDS_PERSON)
    assert [found.property for found in report.differing] == ["status"]
    one.state.edits = {}
    assert one.rollback(one.applied_run).outcome is Outcome.CHANGED
    assert record(one.state, SERVICE, name="MSiSCSI")["status"] == "Running"


@pytest.mark.parametrize("on", [on for on in DAMAGING if on[0] == STORAGE], ids="".join)
def test_a_limit_that_is_not_the_one_that_was_asked_for_is_told(on: Switched) -> None:
    one = teller(storage(20_000_000_000), on)
    report = one.apply()
    assert (report.outcome, report.exit_code) == (Outcome.FAILED_CHANGED, ExitCode.NEEDS_PERSON)
    assert [found.property for found in report.differing] == ["max_space"]


def test_an_exclusion_that_tamper_protection_ignores_is_not_called_added() -> None:
    one = teller(EXCLUDED, (EXCLUSION, "nothing is saved"))
    report = one.apply()
    assert report.outcome is Outcome.FAILED_UNCHANGED
    assert report.problem
    assert report.problem.code == "no_effect"


def test_exclusions_of_others_that_are_lost_are_named() -> None:
    one = teller(EXCLUDED, (EXCLUSION, "what others have is lost"))
    theirs = {each["value"] for each in one.windows()["defender"]}
    report = one.apply()
    assert report.outcome is Outcome.ROLLED_BACK
    assert {found.resource.key["value"] for found in report.meanwhile} == theirs
