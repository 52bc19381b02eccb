"""Ways to break what a saved plan is, and when it is carried out."""

from tests.breaks.breaking import Break

CLI = "remediate/cli"
ENGINE = "remediate/engine"
MODEL = "remediate/model"

BREAKS = (
    Break(
        "others moved",
        "what a saved plan rests on has to be as it was",
        f"{ENGINE}/saved.py",
        "return (*values, *others)",
        "return values",
        "tests/engine/test_saved.py::"
        "test_what_a_plan_rests_on_has_to_be_as_it_was_but_for_what_moves_by_itself",
    ),
    Break(
        "value moved",
        "a value that a saved plan changes has to be as it was",
        f"{ENGINE}/saved.py",
        "return (*values, *others)",
        "return tuple(others)",
        "tests/engine/test_saved.py::"
        "test_what_a_plan_rests_on_has_to_be_as_it_was_but_for_what_moves_by_itself",
    ),
    Break(
        "made wanted",
        "a saved plan has come true only where nothing else is wanted",
        f"{ENGINE}/saved.py",
        "return not now.changes and all(",
        "return all(",
        "tests/playbooks/test_saved.py::"
        "test_where_somebody_has_changed_any_of_it_a_saved_plan_writes_nothing[agent-restart/server-2012r2]",
    ),
    Break(
        "made all",
        "a saved plan has come true only where all of it has",
        f"{ENGINE}/saved.py",
        "return not now.changes and all(one and one.holds(change) for change, one in found)",
        "return not now.changes",
        "tests/cli/test_saved_plans.py::"
        "test_what_a_plan_leaves_as_it_is_stays_so_and_what_is_waived_since_is_not_written",
    ),
    Break(
        "does not stand",
        "a saved plan is carried out as it is, or not at all",
        f"{ENGINE}/saved.py",
        "if not stands(self.plan.changes, now.changes):",
        "if False:",
        "tests/engine/test_saved.py::"
        "test_a_plan_that_is_not_what_its_playbooks_want_is_not_carried_out",
    ),
    Break(
        "settable",
        "a saved plan writes nothing that cannot be set",
        f"{ENGINE}/saved.py",
        "if name not in resource.settable:",
        "if False:",
        "tests/engine/test_saved.py::test_a_plan_changes_nothing_that_cannot_be_set",
    ),
    Break(
        "saved secret",
        "a saved plan holds no known secret",
        f"{ENGINE}/saved.py",
        "yield as_resource(mask(one.disclosed()))",
        "yield as_resource(one.disclosed())",
        "tests/engine/test_saved.py::test_a_secret_of_the_run_is_in_no_plan_and_not_missed",
    ),
    Break(
        "saved words",
        "a saved plan calls a change what it is",
        f"{ENGINE}/saved.py",
        "if (then.title, labels) != (change.title, said):",
        "if False:",
        "tests/cli/test_saved_plans.py::test_a_plan_is_shown_by_the_names_that_things_have",
    ),
    Break(
        "digest",
        "no byte of a saved plan may change",
        f"{MODEL}/saved_plan.py",
        "if data.get(_SIGN) != _digest(data):",
        "if False:",
        "tests/model/test_saved_plan.py::"
        "test_what_is_read_is_what_was_written_and_no_byte_may_change",
    ),
    Break(
        "plan expiry",
        "no plan is good for ever",
        f"{MODEL}/saved_plan.py",
        "if plan.expires - plan.created > LONGEST:",
        "if False:",
        "tests/cli/test_saved_plans.py::"
        "test_a_plan_that_does_not_count_is_refused_before_anything_is_sent",
    ),
    Break(
        "plan of another",
        "a saved plan reports of the hosts that it names",
        f"{MODEL}/saved_plan.py",
        "any(one.report.host != one.host.name for one in plan.hosts)",
        "False",
        "tests/model/test_saved_plan.py::"
        "test_a_plan_names_a_host_once_and_has_its_own_report_of_it",
    ),
    Break(
        "plan digest",
        "a plan is the one whose digest was agreed to",
        f"{CLI}/saved_plans.py",
        "if digest is not None and digest != plan.digest:",
        "if False:",
        "tests/cli/test_saved_plans.py::"
        "test_a_plan_that_does_not_count_is_refused_before_anything_is_sent",
    ),
    Break(
        "plan code",
        "a plan is carried out by the code that has made it",
        f"{CLI}/saved_plans.py",
        "if codes.get(playbook.id, playbook.code) != playbook.code:",
        "if False:",
        "tests/cli/test_saved_plans.py::"
        "test_a_plan_that_does_not_count_is_refused_before_anything_is_sent",
    ),
)
