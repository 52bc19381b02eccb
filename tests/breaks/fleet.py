"""Ways to break how many hosts are worked on, and by several processes."""

from tests.breaks.breaking import Break

ELSEWHERE = "remediate/engine/elsewhere"
ENGINE = "remediate/engine/engine.py"
RUNNER = "remediate/runner"

BREAKS = (
    Break(
        "stop begins",
        "who is stopped begins no other host",
        f"{RUNNER}/fleet.py",
        "begin=0 if fleet.stopped else min(fleet.to_begin, dial - go_on)",
        "begin=min(fleet.to_begin, dial - go_on)",
        "tests/runner/test_fleet.py::"
        "test_who_is_stopped_begins_nothing_and_goes_on_with_what_is_begun",
    ),
    Break(
        "workers",
        "there are never more at work than there may be",
        f"{RUNNER}/fleet.py",
        "work=min(fleet.ready, limits.workers - fleet.at_work)",
        "work=fleet.ready",
        "tests/runner/test_fleet.py::test_there_are_never_more_than_there_may_be",
    ),
    Break(
        "rested last",
        "hosts in the middle of something come before new ones",
        f"{RUNNER}/fleet.py",
        "go_on = min(fleet.rested, dial)",
        "go_on = min(fleet.rested, max(0, dial - fleet.to_begin))",
        "tests/runner/test_fleet.py::test_nobody_is_made_to_do_what_there_is_not",
    ),
    Break(
        "late counted",
        "hosts that do not answer hold up nobody",
        f"{RUNNER}/fleet.py",
        "fleet.at_work + fleet.ready + fleet.dialled - fleet.late",
        "fleet.at_work + fleet.ready + fleet.dialled",
        "tests/runner/test_fleet.py::"
        "test_hosts_that_are_counted_on_fill_the_workers_twice_and_no_more",
    ),
    Break(
        "ready begins",
        "a host that waits for its turn does not begin after a stop",
        f"{RUNNER}/loop.py",
        "        for turn in [each for each in self._ready if each.new]:\n"
        "            self._ready.remove(turn)\n"
        "            turn.came.set_result(False)\n",
        "",
        "tests/runner/test_runners.py::"
        "test_an_interrupt_begins_no_new_item_and_finishes_the_others",
    ),
    Break(
        "dial goes on",
        "nobody waits for a host that is not to begin",
        f"{RUNNER}/loop.py",
        "        for dial in self._dials_of_new:\n            dial.cancel()\n",
        "",
        "tests/runner/test_runners.py::"
        "test_what_has_been_done_ahead_only_is_skipped_after_an_interrupt",
    ),
    Break(
        "mistake hidden",
        "a mistake is told where a result would be",
        f"{RUNNER}/loop.py",
        "        except BaseException as error:  # noqa: BLE001 - whoever "
        "takes the results is to have it\n"
        "            self._tell(_Raised(error))\n"
        "        else:\n"
        "            self._tell((item, result))\n",
        "        except BaseException:\n"
        "            pass\n"
        "        else:\n"
        "            self._tell((item, result))\n",
        "tests/runner/test_runners.py::test_a_mistake_in_the_work_is_told_in_place_of_its_result",
    ),
    Break(
        "fewer workers",
        "a process that has a share of the workers keeps to it",
        f"{RUNNER}/loop.py",
        "replace(self._limits, workers=min(most, workers))",
        "self._limits",
        "tests/engine/test_crew.py::test_an_interrupt_begins_no_new_host_and_finishes_the_others",
    ),
    Break(
        "resumed last",
        "hosts in the middle of something come before others that are ready",
        f"{RUNNER}/loop.py",
        "self._ready.appendleft(turn)",
        "self._ready.append(turn)",
        "tests/runner/test_runners.py::test_what_has_rested_goes_on_before_what_has_not_begun",
    ),
    Break(
        "begun again",
        "what a process had begun when it ended nobody begins again",
        f"{ELSEWHERE}/giving.py",
        "or far.begun or",
        "or",
        "tests/engine/test_crew.py::test_one_that_ends_while_it_writes_leaves_its_host_open",
    ),
    Break(
        "halt again",
        "an order that crosses with Ctrl-C is not begun",
        f"{ELSEWHERE}/giving.py",
        "            if self.stopped.is_set():\n                member.send(Halt())",
        "            if False:\n                member.send(Halt())",
        "tests/engine/test_crew.py::test_an_order_that_crosses_with_ctrl_c_is_not_begun",
    ),
    Break(
        "host of two",
        "all orders about one host are one process's",
        f"{ELSEWHERE}/giving.py",
        "                self._of[url] = known\n",
        "                pass\n",
        "tests/engine/test_crew.py::"
        "test_an_account_of_one_host_is_tried_once_whatever_the_host_is_called",
    ),
    Break(
        "recorded forgotten",
        "a verdict that was recorded counts, though its process ended",
        f"{ELSEWHERE}/service.py",
        "if self.closed is not None:\n            return self.closed",
        "if False:\n            return self.closed",
        "tests/engine/test_gone.py::test_a_verdict_that_is_still_being_recorded_counts",
    ),
    Break(
        "lease freed",
        "an intent that is open keeps its lease, though its process ended",
        f"{ELSEWHERE}/service.py",
        "free=self.leased and self.intent is None",
        "free=self.leased",
        "tests/engine/test_crew.py::test_one_that_ends_while_it_writes_leaves_its_host_open",
    ),
    Break(
        "intent forgotten",
        "of a process that ended while it wrote nobody says that nothing was written",
        f"{ELSEWHERE}/service.py",
        "if intent is None and order.verb is not Verb.RECONCILE:",
        "if order.verb is not Verb.RECONCILE:",
        "tests/engine/test_crew.py::test_one_that_ends_while_it_writes_leaves_its_host_open",
    ),
    Break(
        "reconcile lease",
        "a reconcile whose process ended gives its lease back",
        f"{ELSEWHERE}/service.py",
        "        elif self.leased:\n            journal.free_lease()\n",
        "",
        "tests/engine/test_gone.py::test_only_where_nothing_was_written_is_that_said",
    ),
    Break(
        "turn kept",
        "who waits to log on does not wait for a process that ended",
        f"{ELSEWHERE}/service.py",
        "        for turn in self.turns.values():\n            turn.left()\n",
        "",
        "tests/engine/test_gone.py::test_nobody_waits_for_its_logon_any_more",
    ),
    Break(
        "far reconcile",
        "a reconcile by another process may replace a verdict, too",
        f"{ELSEWHERE}/far.py",
        "reconciled=reconciled, frees=frees))",
        "reconciled=False, frees=frees))",
        "tests/engine/test_gone.py::"
        "test_what_is_recorded_elsewhere_is_recorded_here_as_it_was_said",
    ),
    Break(
        "intent untaken",
        "an intent that the store did not take is none",
        f"{ELSEWHERE}/service.py",
        "                store.record_intent(intent)\n                self.intent = intent",
        "                self.intent = intent\n                store.record_intent(intent)",
        "tests/engine/test_gone.py::test_an_intent_that_the_store_did_not_take_is_none",
    ),
    Break(
        "reconcile unwritten",
        "of a reconcile whose process ended nobody says that nothing was written",
        f"{ELSEWHERE}/service.py",
        "if intent is None and order.verb is not Verb.RECONCILE:",
        "if intent is None:",
        "tests/engine/test_gone.py::test_only_where_nothing_was_written_is_that_said",
    ),
    Break(
        "far lease",
        "a lease is given back with the verdict of another process, too",
        f"{ELSEWHERE}/far.py",
        "reconciled=reconciled, frees=frees))",
        'reconciled=reconciled, frees=""))',
        "tests/engine/test_gone.py::"
        "test_what_is_recorded_elsewhere_is_recorded_here_as_it_was_said",
    ),
    Break(
        "halted begins",
        "a process that is told to halt begins no other host",
        f"{ELSEWHERE}/member.py",
        "        if self._stopped.is_set():\n            if work.order",
        "        if False:\n            if work.order",
        "tests/engine/test_crew.py::test_an_interrupt_begins_no_new_host_and_finishes_the_others",
    ),
    Break(
        "member lock",
        "a process that works on a run holds a lock of it",
        f"{ELSEWHERE}/member.py",
        "if order.verb is Verb.APPLY and order.run not in self._locks:",
        "if False:",
        "tests/engine/test_crew.py::test_a_run_goes_on_while_one_of_its_processes_does",
    ),
    Break(
        "parcel force",
        "what is sent to another process is the whole of an order",
        f"{ELSEWHERE}/parcels.py",
        "force=part.force,",
        "force=False,",
        "tests/engine/test_crew.py::test_what_there_is_to_undo_arrives_as_it_was_sent",
    ),
    Break(
        "parcel local",
        "this machine is worked on by nobody but this process",
        f"{ELSEWHERE}/parcels.py",
        "if order.host.transport is Via.LOCAL:",
        "if False:",
        "tests/engine/test_crew.py::test_this_machine_is_worked_on_by_this_process_only",
    ),
    Break(
        "secret untold",
        "a secret that is known is masked by every process",
        f"{ELSEWHERE}/crew.py",
        "return [Known(secrets=tuple(new))] if new else []",
        "return []",
        "tests/engine/test_crew.py::test_a_secret_that_is_known_here_is_recorded_from_nowhere_else",
    ),
    Break(
        "order lost",
        "an order for a process that has ended is not lost",
        f"{ELSEWHERE}/crew.py",
        "                far.end(Gone(self.how))\n                return\n",
        "                return\n",
        "tests/engine/test_crew.py::test_an_order_for_one_that_has_ended_is_not_lost",
    ),
    Break(
        "begun unheard",
        "what is heard of an order says that it was begun",
        f"{ELSEWHERE}/crew.py",
        "        far.begun = True\n",
        "",
        "tests/engine/test_crew.py::test_one_that_ends_while_it_writes_leaves_its_host_open",
    ),
    Break(
        "wave stop late",
        "what goes wrong in a wave stops the rest of it, too",
        f"{RUNNER}/loop.py",
        "stopped = self.stopped = self.stopped or self._enough()",
        "stopped = self.stopped",
        "tests/engine/test_waves.py::test_what_goes_wrong_stops_the_rest",
    ),
    Break(
        "wave after another",
        "no wave begins after a stop",
        ENGINE,
        "if advance.stopped or self.interrupted.is_set():",
        "if False:",
        "tests/engine/test_waves.py::test_ctrl_c_lets_no_further_wave_begin",
    ),
    Break(
        "wave canary kind",
        "of those that go first none may fail",
        "remediate/engine/advance.py",
        "_Came.FAILED: Share(0) if self._first else waves.max_failed,",
        "_Came.FAILED: waves.max_failed,",
        "tests/engine/test_waves.py::test_what_goes_wrong_stops_the_rest",
    ),
    Break(
        "wave canary nothing",
        "a canary that has shown nothing lets nobody follow",
        "remediate/engine/advance.py",
        "if self._first and not self._seen[_Came.THROUGH]:",
        "if False:",
        "tests/engine/test_waves.py::test_what_goes_wrong_stops_the_rest",
    ),
    Break(
        "wave unknown",
        "a host in the middle of a change stops the rest",
        "remediate/engine/advance.py",
        "_Came.INDETERMINATE: waves.max_indeterminate,",
        "_Came.INDETERMINATE: None,",
        "tests/engine/test_waves.py::test_a_run_goes_on_as_long_as_no_limit_is_passed",
    ),
    Break(
        "wave not on record",
        "a record says which wave a host was in",
        ENGINE,
        'run = run.model_copy(update={"waves": advance.sizes})',
        "pass",
        "tests/cli/test_waves.py::test_all_reports_say_the_same_of_each_wave_then_as_later",
    ),
)
