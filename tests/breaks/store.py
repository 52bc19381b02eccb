"""Ways to break what the store keeps, and who has a lease in it."""

from tests.breaks.breaking import Break

STORE = "remediate/store"

BREAKS = (
    Break(
        "release any",
        "nobody gives back the lease of another run",
        f"{STORE}/statements.py",
        "_RELEASE_LEASE = _TAKE_LEASE.where(leases.c.run == _RUN).values(run=None)",
        "_RELEASE_LEASE = _TAKE_LEASE.values(run=None)",
        "tests/store/test_contract.py::test_an_expired_lease_is_taken_over_and_named",
    ),
    Break(
        "fence stays",
        "the fence grows with each lease",
        f"{STORE}/statements.py",
        'connection.execute(_TAKE_LEASE, {"named": host, "fence": row.fence + 1, **lease})',
        'connection.execute(_TAKE_LEASE, {"named": host, "fence": row.fence, **lease})',
        "tests/store/test_contract.py::test_a_run_renews_its_lease_with_a_higher_fence",
    ),
    Break(
        "held taken",
        "a lease has one holder",
        f"{STORE}/statements.py",
        "if before and before.until > now:",
        "if False:",
        "tests/store/test_contract.py::test_a_lease_is_held_by_one_run_and_says_by_whom",
    ),
    Break(
        "intent late",
        "no intent follows a verdict",
        f"{STORE}/statements.py",
        "hosts.c.intent.is_(None), hosts.c.outcome.is_(None))",
        "hosts.c.intent.is_(None))",
        "tests/store/test_contract.py::test_no_intent_follows_a_verdict",
    ),
    Break(
        "verdict replaced",
        "a verdict is replaced by a reconcile only",
        f"{STORE}/statements.py",
        "_CLOSE = _CLOSE_AGAIN.where(hosts.c.report.is_(None))",
        "_CLOSE = _CLOSE_AGAIN",
        "tests/store/test_contract.py::"
        "test_verdicts_of_several_hosts_are_recorded_together_or_none_is",
    ),
    Break(
        "lease with verdict",
        "a verdict is recorded with the lease that it gives back",
        f"{STORE}/sql.py",
        "            if frees:\n"
        "                release_lease(connection, frees, run)\n"
        "\n"
        "        self._db.write(close)",
        "\n        self._db.write(close)",
        "tests/store/test_contract.py::"
        "test_a_verdict_and_the_lease_given_back_with_it_are_recorded_both_or_neither",
    ),
    Break(
        "other record",
        "a record of another host, run or time is no record",
        f"{STORE}/sql.py",
        "if said != (row.run, row.name, row.recorded):",
        "if False:",
        "tests/security/test_store_writer.py::test_a_record_that_makes_no_sense_is_named",
    ),
    Break(
        "not durable",
        "nobody goes on before the commit",
        f"{STORE}/shared_commit.py",
        "if not self.durable:",
        "if False:",
        "tests/store/test_shared_commit.py::"
        "test_all_who_share_a_commit_have_what_they_were_told_on_record",
    ),
    Break(
        "savepoint",
        "a mistake leaves nothing of itself in a commit that is shared",
        f"{STORE}/shared_commit.py",
        "            savepoint.rollback()\n",
        "            savepoint.commit()\n",
        "tests/store/test_contract.py::test_two_hosts_of_one_name_leave_no_trace_of_the_run",
    ),
    Break(
        "spill not on disk",
        "what was spilled is on disk when that is said",
        f"{STORE}/spill.py",
        "        os.fsync(file)\n",
        "",
        "tests/store/test_spill.py::test_what_was_spilled_is_on_disk_when_that_is_said",
    ),
    Break(
        "spill owner",
        "a spill file of another account is not believed",
        f"{STORE}/spill.py",
        "if not everybodys or _is_this_accounts(path)",
        "if True",
        "tests/store/test_spill.py::test_a_file_that_another_account_put_there_is_not_believed",
    ),
    Break(
        "run lock",
        "a run goes on while one of its processes does",
        f"{STORE}/run_lock.py",
        "for each in (path, *others))",
        "for each in (path,))",
        "tests/store/test_run_lock.py::test_a_run_goes_on_while_one_of_its_processes_does",
    ),
)
