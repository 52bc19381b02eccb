"""Ways to break what a host and its run have on record, and what is made of it later."""

from tests.breaks.breaking import Break

ENGINE = "remediate/engine"
LAB = "remediate/lab/engines"

BREAKS = (
    Break(
        "broken off",
        "an intent that a mistake of ours has left open keeps its lease",
        f"{ENGINE}/host_journal.py",
        "if not self._leased or self._recorded:",
        "if not self._leased:",
        "tests/engine/test_journal.py::"
        "test_what_a_bug_of_ours_breaks_off_after_its_intent_stays_open_and_keeps_the_lease",
    ),
    Break(
        "snapshot secret",
        "no known secret is recorded with a snapshot",
        f"{ENGINE}/host_journal.py",
        "snapshot=tuple(map(self._around.redaction.masked, effect.snapshot)),",
        "snapshot=tuple(effect.snapshot),",
        "tests/security/test_repeated_secrets.py::test_a_host_has_it_in_a_task_that_is_not_written",
    ),
    Break(
        "verdict secret",
        "no known secret is recorded with a verdict",
        f"{ENGINE}/host_journal.py",
        "report = self._around.redaction.masked(self._timed(report))",
        "report = self._timed(report)",
        "tests/security/test_repeated_secrets.py::test_a_host_repeats_it_in_an_error",
    ),
    Break(
        "secret recorded",
        "a change that would record a secret is not made",
        f"{ENGINE}/screening.py",
        '        *_refusals(changes, "secret", _NOT_RECORDED, _BY_HAND),\n',
        "",
        "tests/engine/test_screening.py::"
        "test_a_value_that_holds_a_secret_of_the_run_is_not_recorded",
    ),
    Break(
        "secret sent",
        "a secret is sent where it is sealed only",
        f"{ENGINE}/screening.py",
        '        *_refusals(sent, "secret", open_way, _SEALED),\n',
        "",
        "tests/engine/test_screening.py::test_a_secret_is_sent_where_it_is_sealed_by_itself_only",
    ),
    Break(
        "given unmasked",
        "what a playbook has given as a secret is masked from then on",
        f"{ENGINE}/screening.py",
        "            redaction.add(secret.get_secret_value())\n",
        "            pass\n",
        "tests/engine/test_screening.py::"
        "test_a_value_that_holds_a_secret_of_the_run_is_not_recorded",
    ),
    Break(
        "ends us",
        "nobody restarts the machine that he works on",
        f"{ENGINE}/screening.py",
        '        *_refusals(ends_us, "ends_us", _ENDS_US, _RESTART_BY_HAND),\n',
        "",
        "tests/engine/test_screening.py::test_nobody_restarts_the_machine_that_he_works_on",
    ),
    Break(
        "lease stolen",
        "a lease is taken over from runs that one undoes only",
        f"{ENGINE}/host_journal.py",
        "if isinstance(grant, Holder) and grant.run in takes_over:",
        "if isinstance(grant, Holder):",
        "tests/engine/test_journal.py::"
        "test_a_rollback_does_not_take_the_host_from_a_run_that_goes_on",
    ),
    Break(
        "spilled lease",
        "a store that takes no verdict may give the lease back all the same",
        f"{ENGINE}/host_journal.py",
        "            if free:\n                self.free_lease()\n",
        "",
        "tests/engine/test_journal.py::test_a_verdict_that_cannot_be_recorded_is_spilled",
    ),
    Break(
        "broken off early",
        "a host that a mistake of ours has broken off before its intent is free",
        f"{ENGINE}/host_journal.py",
        "            self.close(report, free=True)\n",
        "            pass\n",
        "tests/engine/test_stories.py::test_a_bug_of_ours_is_an_internal_error_of_one_host",
    ),
    Break(
        "time of a run",
        "a verdict that is found later keeps the time of its run",
        f"{ENGINE}/host_journal.py",
        'return report.model_copy(update={"worked": self._order.worked})',
        "return self._watch.told(report) if self._watch else report",
        "tests/engine/test_worked.py::test_a_verdict_that_is_found_later_keeps_the_time_of_its_run",
    ),
    Break(
        "until forgotten",
        "how long something may settle is on record",
        f"{ENGINE}/host_journal.py",
        "until=now + timedelta(seconds=effect.settling) if effect.settling else None,",
        "until=None,",
        "tests/engine/test_settling.py::"
        "test_parts_that_move_nothing_are_paused_between_until_the_time_is_up",
    ),
    Break(
        "other controller",
        "a run of another controller goes on while its lease lasts",
        f"{ENGINE}/reconciling.py",
        "return not self._is_ours(run) and held is not None and held.run == run.id",
        "return False",
        "tests/engine/test_journal.py::"
        "test_a_run_of_another_controller_goes_on_until_its_lease_expires",
    ),
    Break(
        "killed here",
        "a run that was killed here does not go on because its lease lasts",
        f"{ENGINE}/reconciling.py",
        "return not self._is_ours(run) and held is not None and held.run == run.id",
        "return held is not None and held.run == run.id",
        "tests/engine/test_journal.py::"
        "test_what_a_bug_of_ours_breaks_off_after_its_intent_stays_open_and_keeps_the_lease",
    ),
    Break(
        "running closed",
        "nobody closes the intent of a run that goes on",
        f"{ENGINE}/reconciling.py",
        "if record.intent and ongoing.goes_on(run, record.intent.host):",
        "if False:",
        "tests/engine/test_journal.py::"
        "test_a_run_of_another_controller_goes_on_until_its_lease_expires",
    ),
    Break(
        "settling forgotten",
        "a reconcile waits for what has begun",
        f"{ENGINE}/reconciling.py",
        "settling=settling,",
        "settling=0.0,",
        "tests/engine/test_settling.py::test_reconcile_waits_for_what_a_killed_run_has_begun",
    ),
    Break(
        "recorded computer",
        "an intent is closed by what its own computer says",
        f"{ENGINE}/reconciling.py",
        "computer=record.computer,",
        "",
        "tests/engine/test_journal.py::"
        "test_of_several_runs_on_one_host_none_keeps_the_lease_from_the_others",
    ),
    Break(
        "undone lease",
        "a reconcile of a rollback may take the lease of the run that was undone",
        f"{ENGINE}/reconciling.py",
        "leases = ongoing.takes_over(run.undoes) if run.undoes else ()",
        "leases = ()",
        "tests/engine/test_journal.py::"
        "test_a_rollback_takes_leases_of_what_it_undoes_and_of_tries_that_have_ended",
    ),
    Break(
        "free of open",
        "an intent that is open keeps its lease when its run is ended",
        f"{ENGINE}/reconciling.py",
        "record.outcome in {None, Outcome.INDETERMINATE}:",
        "record.outcome in {Outcome.INDETERMINATE}:",
        "tests/engine/test_journal.py::"
        "test_a_record_that_cannot_be_read_does_not_keep_other_hosts_open",
    ),
    Break(
        "spill replaces",
        "what was spilled replaces nothing that was seen later",
        f"{ENGINE}/reconciling.py",
        "reconciled=unsettled)",
        "reconciled=True)",
        "tests/engine/test_journal.py::test_a_spilled_verdict_never_replaces_what_was_seen_later",
    ),
    Break(
        "spill deleted",
        "a spill file with lines that cannot be read is kept",
        f"{ENGINE}/reconciling.py",
        '    if file.damaged:\n        yield "lines of it cannot be read"\n        return\n',
        "",
        "tests/engine/test_journal.py::test_a_spilled_verdict_never_replaces_what_was_seen_later",
    ),
    Break(
        "try goes on",
        "the lease of a rollback that goes on is not taken over",
        f"{ENGINE}/reconciling.py",
        "for each in self.tries(undone) if each.finished))",
        "for each in self.tries(undone)))",
        "tests/engine/test_journal.py::"
        "test_a_rollback_takes_leases_of_what_it_undoes_and_of_tries_that_have_ended",
    ),
    Break(
        "harmed tries",
        "what a rollback may have left half-way counts for the next one",
        f"{ENGINE}/undoing.py",
        "harmed=cut_off or any(map(perhaps_half_way, self._tries(host))),",
        "harmed=cut_off,",
        "tests/engine/test_journal.py::"
        "test_what_a_rollback_may_have_left_half_way_counts_for_the_next_one",
    ),
    Break(
        "undo lease",
        "a rollback leaves a host alone on which the run goes on",
        f"{ENGINE}/undoing.py",
        "return self.ongoing.goes_on(self.record.run, host.intent.host)",
        "return False",
        "tests/engine/test_journal.py::"
        "test_a_rollback_does_not_take_the_host_from_a_run_that_goes_on",
    ),
    Break(
        "restart left",
        "a restart that a rollback has left undone is made by the next one",
        f"{ENGINE}/undoing.py",
        "restarts=restarts,",
        "restarts=(),",
        "tests/engine/test_restarts.py::"
        "test_a_restart_that_a_rollback_has_left_undone_is_made_by_the_next_one",
    ),
    Break(
        "removals untold",
        "a rollback says which run has removed what it needs",
        f"{ENGINE}/undoing.py",
        "removals=removals(self._removing, host.computer),",
        "",
        "tests/cli/test_leftovers.py::"
        "test_a_run_whose_leftovers_were_removed_cannot_be_undone_by_force_neither",
    ),
    Break(
        "undo guards",
        "a guard refuses a rollback that stops something",
        f"{ENGINE}/undoing.py",
        "guards=PlaybookPlanner(self.job) if self.job is not None else None,",
        "guards=None,",
        "tests/engine/test_half_done.py::test_a_guard_refuses_a_rollback_that_stops_something",
    ),
    Break(
        "lab given up",
        "a pipeline that was given up writes nothing, in the lab as on Windows",
        f"{LAB}/functions.py",
        'if freed["run"] == run and freed["fence"] > fence:',
        "if False:",
        "tests/conformance/test_lease.py::"
        "test_whose_run_was_given_up_is_known_after_others_held_the_lease",
    ),
)
