"""Ways to break what the engine decides, writes and undoes."""

from tests.breaks.breaking import Break

ENGINE = "remediate/engine"
SCRIPTS = "remediate/resources"

BREAKS = (
    Break(
        "changed unproven",
        '"changed" is only said of what was read back',
        f"{ENGINE}/verdict.py",
        "if not wrong and not again.changes and proven:",
        "if problem is None:",
        "tests/engine/test_besides.py::"
        "test_a_write_that_also_changed_something_else_is_not_called_changed",
    ),
    Break(
        "write repeated",
        "a write with an unknown result is never repeated",
        f"{ENGINE}/host_run.py",
        "    answer = yield from ask(Write(request, Phase.APPLY))\n",
        "    answer = yield from ask(Write(request, Phase.APPLY))\n"
        "    if isinstance(answer, TransportError):\n"
        "        answer = yield from ask(Write(request, Phase.APPLY))\n",
        "tests/engine/test_half_done.py::test_a_value_whose_restart_was_lost_is_not_called_changed",
    ),
    Break(
        "lost unobserved",
        "after a lost connection the host is looked at before anything is said",
        f"{ENGINE}/writing.py",
        "perhaps = changes if answer.after_send else ()",
        "perhaps = ()",
        "tests/engine/test_crew.py::test_all_that_a_run_does_is_the_same",
    ),
    Break(
        "drift overwritten",
        "what somebody else has changed since is kept",
        f"{ENGINE}/rollback.py",
        "if not ours and not self.force:",
        "if False:",
        "tests/engine/test_stories.py::test_a_rollback_leaves_alone_what_somebody_else_changed",
    ),
    Break(
        "undone lost",
        "every property that can be put back is put back",
        f"{ENGINE}/rollback.py",
        "        for recorded in reversed(possible):",
        "        for recorded in tuple(reversed(possible))[:1]:",
        "tests/engine/test_besides.py::test_a_rollback_that_lost_something_is_not_the_end_of_it",
    ),
    Break(
        "harmful undo",
        "a rollback that would do harm is refused",
        f"{ENGINE}/rollback.py",
        "if reason is not None and not self.force:",
        "if False:",
        "tests/engine/test_restarts.py::"
        "test_a_service_in_use_keeps_its_values_at_a_rollback_unless_forced",
    ),
    Break(
        "reversible forgotten",
        "what cannot be put back is not tried to be put back",
        f"{ENGINE}/rollback.py",
        "            if not change.reversible:\n                continue",
        "            if change.renews:\n                continue",
        "tests/engine/test_given_secrets.py::test_of_two_that_want_the_same_one_may_give_it",
    ),
    Break(
        "dry run writes",
        "a dry run of a rollback changes nothing",
        f"{ENGINE}/engine.py",
        "        if dry_run:",
        "        if dry_run and run is None:",
        "tests/engine/test_crew.py::test_all_that_a_run_does_is_the_same",
    ),
    Break(
        "guard ignored",
        "a playbook's guard keeps the plan from being applied",
        f"{ENGINE}/judging.py",
        'found.refusals.extend(_texts(playbook.guard(seen, params), "guard"))',
        "list(playbook.guard(seen, params))",
        "tests/engine/test_authors_mistakes.py::test_a_mistake_is_named_and_all_others_are_judged",
    ),
    Break(
        "irreversible unasked",
        "what cannot be undone is done only when that was accepted",
        f"{ENGINE}/host_run.py",
        "if plan.irreversible and not (work.ask or work.settings.accept_irreversible):",
        "if False:",
        "tests/engine/test_in_part.py::test_a_way_that_would_be_refused_as_well_is_not_named",
    ),
    Break(
        "applicability ignored",
        "a playbook says nothing of a host that it is not for",
        f"{ENGINE}/judging.py",
        "            return Judgement(not_applicable=reason)",
        "            reason = None",
        "tests/engine/test_in_part.py::test_when_nothing_is_left_to_change_all_is_refused",
    ),
    Break(
        "lease kept",
        "the host's lease is given back",
        f"{ENGINE}/order.py",
        '_unlock(self.run, "unlock", writes[-1].id, "receipt"),',
        '_unlock(f"not-{self.run}", "unlock", writes[-1].id),',
        "tests/engine/test_half_done.py::"
        "test_after_a_lost_connection_the_undoing_comes_with_the_fence_that_is_in_force",
    ),
    Break(
        "denial unnamed",
        "an account that may not is told so",
        f"{ENGINE}/observation.py",
        'if error.hresult in ACCESS_DENIED or error.category == "PermissionDenied":',
        "if False:",
        "tests/playbooks/test_contract.py::"
        "test_every_case_is_audited_applied_proven_and_undone[agent-restart/denied-writing]",
    ),
    Break(
        "auto rollback skipped",
        "what does not read back as planned is undone",
        f"{ENGINE}/host_run.py",
        "    if not work.settings.auto_rollback:\n        return report\n",
        "    if report.problem:\n        return report\n",
        "tests/engine/test_half_done.py::test_a_value_whose_restart_was_lost_is_put_back",
    ),
    Break(
        "volatile compared",
        "what moves by itself is no difference",
        f"{SCRIPTS}/base.py",
        "exclude={*self.identity, *self.volatile})",
        "exclude={*self.identity})",
        "tests/resources/test_scheduled_task.py::"
        "test_the_policy_is_not_compared_twice_and_nothing_else_is_left_out",
    ),
    Break(
        "moved plan applied",
        "the plan that was agreed to is carried out, or none is",
        f"{ENGINE}/host_run.py",
        "if not stands(plan.changes, again.changes):",
        "if False:",
        "tests/engine/test_stories.py::test_a_plan_that_grew_old_while_a_person_looked_is_refused",
    ),
    Break(
        "saved plan",
        "a saved plan is written only on a host that is as it was when it was made",
        "remediate/engine/host_run.py",
        "    problem = work.saved.problem(departures, plan)\n",
        "    problem = None\n",
        "tests/playbooks/test_saved.py::"
        "test_where_somebody_has_changed_any_of_it_a_saved_plan_writes_nothing[agent-restart/server-2012r2]",
    ),
)
