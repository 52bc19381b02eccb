"""What every store promises; the same tests on all of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from remediate.model.audit import AuditRecord
from remediate.model.host import Host
from remediate.model.outcome import Holder, Outcome
from remediate.model.run import HostRecord, RunRecord
from remediate.store.errors import JournalConflict, UnknownRun
from remediate.store.protocol import LeaseGrant, RunSummary, Store
from tests.store.records import (
    CHANGE,
    NOW,
    RUN,
    TTL,
    a_host,
    a_report,
    a_run,
    an_audit,
    an_intent,
    findings,
)

KEY = "srv01:5985"
SECOND = timedelta(seconds=1)


def begun(store: Store) -> Store:
    store.begin_run(a_run(), [a_host("SRV02"), a_host("SRV01")])
    return store


def test_a_run_comes_back_as_it_was_recorded(store: Store) -> None:
    begun(store)
    store.record_intent(an_intent())
    store.close_host(RUN, "SRV01", a_report())
    store.finish_run(RUN, NOW + TTL)
    hosts = (
        HostRecord(host=a_host("SRV02")),
        HostRecord(host=a_host("SRV01"), intent=an_intent(), report=a_report()),
    )
    assert RunRecord(run=a_run(), finished=NOW + TTL, hosts=hosts) == store.run(RUN)


def test_of_a_password_program_the_arguments_are_not_recorded(store: Store) -> None:
    """They may be secrets; and nobody runs a program because a record says so."""
    host = a_host().model_copy(update={"password": "command:tool --token canary-5417"})
    store.begin_run(a_run(), [host])
    intent = an_intent().model_copy(update={"host": host})
    for _ in range(2):
        store.record_intent(intent)  # the same again
    [record] = store.run(RUN).hosts
    assert record.intent
    assert (record.host.password, record.intent.host.password) == ("command:tool \u2026",) * 2
    assert "canary-5417" not in repr(store.run(RUN))


def test_a_run_without_hosts_is_recorded(store: Store) -> None:
    store.begin_run(a_run(), [])
    assert RunRecord(run=a_run()) == store.run(RUN)


def test_a_run_id_is_taken_once(store: Store) -> None:
    with pytest.raises(JournalConflict, match="already recorded"):
        begun(store).begin_run(a_run(), [])
    assert len(store.run(RUN).hosts) == 2


def test_two_hosts_of_one_name_leave_no_trace_of_the_run(store: Store) -> None:
    with pytest.raises(JournalConflict, match="same name"):
        store.begin_run(a_run(), [a_host(), a_host()])
    assert store.runs() == []


def test_a_run_is_found_by_a_beginning_that_only_it_has(store: Store) -> None:
    store.begin_run(a_run("20261123-030000-7f3a"), [])
    store.begin_run(a_run("20261123-030000-7f3b", NOW + SECOND), [])
    store.begin_run(a_run("20261124-030000-0000"), [])
    assert store.run("20261124").run.id == "20261124-030000-0000"
    with pytest.raises(UnknownRun, match="several runs begin") as several:
        store.run("20261123")
    assert several.value.hint == "Give more of its id."
    assert several.value.close == ("20261123-030000-7f3b", "20261123-030000-7f3a")
    with pytest.raises(UnknownRun, match="there is no run") as none:
        store.run("20261124-030000-0001")
    assert none.value.close[0] == "20261124-030000-0000"
    assert "20261124-030000-0000" in none.value.hint


@pytest.mark.parametrize("wanted", ["", "%", "_", "2%", "\udcff", "a\x00", "*", "Å"])
def test_nothing_but_a_beginning_finds_a_run(store: Store, wanted: str) -> None:
    with pytest.raises(UnknownRun):
        begun(store).run(wanted)


def test_an_id_that_another_one_begins_with_is_found(store: Store) -> None:
    for run in ("abc", "ab", "a"):
        store.begin_run(a_run(run), [])
    assert store.run("ab").run.id == "ab"


def test_runs_are_listed_newest_first_with_their_counts(store: Store) -> None:
    later = a_run("20261124-000000-0000", NOW + TTL)
    begun(store).begin_run(later, [a_host(name) for name in "abcd"])
    for name in "abc":
        store.record_intent(an_intent(later.id, name))
    store.close_host(later.id, "a", a_report("a"))
    store.close_host(later.id, "b", a_report("b"))
    store.close_host(later.id, "d", a_report("d", Outcome.UNREACHABLE))
    store.finish_run(RUN, NOW)
    newest = RunSummary(
        run=later, hosts=4, outcomes={Outcome.CHANGED: 2, Outcome.UNREACHABLE: 1}, open=1
    )
    assert [newest, RunSummary(run=a_run(), finished=NOW, hosts=2)] == store.runs()
    assert [newest] == store.runs(limit=1)


def test_the_first_end_of_a_run_counts(store: Store) -> None:
    begun(store).finish_run(RUN, NOW)
    store.finish_run(RUN, NOW + TTL)
    assert store.run(RUN).finished == NOW


def test_nothing_is_recorded_for_a_run_that_was_not_begun(store: Store) -> None:
    for record in (
        lambda: store.finish_run("nope", NOW),
        lambda: store.record_intent(an_intent("nope")),
        lambda: store.close_host("nope", "SRV01", a_report()),
    ):
        with pytest.raises(UnknownRun):
            record()


def test_nothing_is_recorded_for_a_host_outside_the_run(store: Store) -> None:
    begun(store)
    with pytest.raises(JournalConflict, match="not a host of this run"):
        store.record_intent(an_intent(host="SRV03"))
    with pytest.raises(JournalConflict, match="not a host of this run"):
        store.close_host(RUN, "SRV03", a_report("SRV03"))


def test_an_intent_is_open_until_its_verdict(store: Store) -> None:
    begun(store)
    store.record_intent(an_intent(host="SRV01", recorded=NOW + SECOND))
    store.record_intent(an_intent(host="SRV02"))
    assert [host.host.name for _, host in store.open_intents()] == ["SRV02", "SRV01"]
    store.close_host(RUN, "SRV02", a_report("SRV02"))
    [(run, host)] = store.open_intents()
    assert a_run() == run
    assert HostRecord(host=a_host(), intent=an_intent(recorded=NOW + SECOND)) == host


def test_a_host_without_intent_is_never_open(store: Store) -> None:
    begun(store).close_host(RUN, "SRV01", a_report(outcome=Outcome.UNREACHABLE))
    assert store.open_intents(indeterminate=True) == []


def test_an_indeterminate_host_is_found_again(store: Store) -> None:
    begun(store).record_intent(an_intent())
    store.close_host(RUN, "SRV01", a_report(outcome=Outcome.INDETERMINATE))
    assert store.open_intents() == []
    assert [host.host.name for _, host in store.open_intents(indeterminate=True)] == ["SRV01"]
    store.close_host(RUN, "SRV01", a_report(), reconciled=True)
    assert store.open_intents(indeterminate=True) == []


def test_the_same_intent_or_verdict_again_does_nothing(store: Store) -> None:
    begun(store)
    for _ in range(2):
        store.record_intent(an_intent())
    for _ in range(2):
        store.close_host(RUN, "SRV01", a_report())
    assert a_report() == store.run(RUN).hosts[1].report


def test_verdicts_of_several_hosts_are_recorded_together_or_none_is(store: Store) -> None:
    halted = [a_report(name, Outcome.SKIPPED) for name in ("SRV02", "SRV01")]
    begun(store).close_host(RUN, "SRV01", a_report())
    with pytest.raises(JournalConflict, match="already ended as"):
        store.close_hosts(RUN, halted)
    assert store.run(RUN).hosts[0].report is None
    store.close_hosts(RUN, halted[:1])
    assert [host.report for host in store.run(RUN).hosts] == [halted[0], a_report()]
    with pytest.raises(UnknownRun):
        store.close_hosts("nope", halted)


def test_an_intent_is_never_replaced(store: Store) -> None:
    begun(store).record_intent(an_intent())
    with pytest.raises(JournalConflict, match="another intent"):
        store.record_intent(an_intent().model_copy(update={"changes": (CHANGE, CHANGE)}))
    assert an_intent() == store.run(RUN).hosts[1].intent


def test_no_intent_follows_a_verdict(store: Store) -> None:
    begun(store).close_host(RUN, "SRV01", a_report(outcome=Outcome.REFUSED))
    with pytest.raises(JournalConflict, match="already ended as refused"):
        store.record_intent(an_intent())


def test_a_verdict_is_replaced_only_by_reconcile(store: Store) -> None:
    begun(store).close_host(RUN, "SRV01", a_report(outcome=Outcome.INDETERMINATE))
    with pytest.raises(JournalConflict, match="already ended as indeterminate"):
        store.close_host(RUN, "SRV01", a_report())
    store.close_host(RUN, "SRV01", a_report(), reconciled=True)
    assert a_report() == store.run(RUN).hosts[1].report


def test_a_lease_is_held_by_one_run_and_says_by_whom(store: Store) -> None:
    assert LeaseGrant(fence=1) == store.take_lease(KEY, "a", "ada@one", NOW, TTL)
    held = Holder(run="a", owner="ada@one", since=NOW, until=NOW + TTL)
    assert held == store.take_lease(KEY, "b", "bob@two", NOW + TTL - SECOND, TTL)
    assert LeaseGrant(fence=1) == store.take_lease("other:5985", "b", "bob@two", NOW, TTL)


def test_an_expired_lease_is_taken_over_and_named(store: Store) -> None:
    store.take_lease(KEY, "a", "ada@one", NOW, TTL)
    expired = Holder(run="a", owner="ada@one", since=NOW, until=NOW + TTL)
    grant = store.take_lease(KEY, "b", "bob@two", NOW + TTL, TTL)
    assert LeaseGrant(fence=2, took=expired) == grant
    store.release_lease(KEY, "a")
    assert [key for key, _ in store.leases(NOW + TTL)] == [KEY], "the old owner released it"


def test_a_run_renews_its_lease_with_a_higher_fence(store: Store) -> None:
    store.take_lease(KEY, "a", "ada@one", NOW, TTL)
    for fence in (2, 3):
        assert LeaseGrant(fence=fence) == store.take_lease(KEY, "a", "ada@one", NOW + SECOND, TTL)
    held = Holder(run="a", owner="ada@one", since=NOW, until=NOW + SECOND + TTL)
    assert [(KEY, held)] == store.leases(NOW + TTL)


def test_the_fence_grows_after_a_release_too(store: Store) -> None:
    store.take_lease(KEY, "a", "ada@one", NOW, TTL)
    store.release_lease(KEY, "a")
    assert store.leases(NOW) == []
    assert LeaseGrant(fence=2) == store.take_lease(KEY, "b", "bob@two", NOW, TTL)


def test_a_verdict_and_the_lease_given_back_with_it_are_recorded_both_or_neither(
    store: Store,
) -> None:
    for key in (KEY, "srv02:5985"):
        begun_lease = store.take_lease(key, RUN, "ada@one", NOW, TTL)
        assert isinstance(begun_lease, LeaseGrant)
    begun(store).close_host(RUN, "SRV01", a_report(), frees=KEY)
    assert a_report() == store.run(RUN).hosts[1].report
    assert [key for key, _ in store.leases(NOW)] == ["srv02:5985"]
    with pytest.raises(JournalConflict):
        store.close_host(RUN, "SRV01", a_report(outcome=Outcome.REFUSED), frees="srv02:5985")
    assert [key for key, _ in store.leases(NOW)] == ["srv02:5985"]
    store.close_host(RUN, "SRV01", a_report(), frees="srv02:5985")  # the same again
    assert store.leases(NOW) == []


def test_a_verdict_gives_no_lease_of_another_run_back(store: Store) -> None:
    store.take_lease(KEY, "other", "bob@two", NOW, TTL)
    begun(store).close_host(RUN, "SRV01", a_report(), frees=KEY)
    assert [(key, holder.run) for key, holder in store.leases(NOW)] == [(KEY, "other")]


def test_leases_lists_those_in_force(store: Store) -> None:
    for key, run in (("b:1", "b"), ("a:1", "a"), ("c:1", "c")):
        store.take_lease(key, run, "ada@one", NOW, TTL)
    store.take_lease("old:1", "old", "ada@one", NOW - TTL, TTL)
    store.release_lease("c:1", "c")
    store.release_lease("never:1", "c")
    assert [key for key, _ in store.leases(NOW)] == ["a:1", "b:1"]


def test_of_many_threads_one_gets_the_lease(store: Store) -> None:
    with ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda n: store.take_lease(KEY, f"run{n}", "ada@one", NOW, TTL), range(20))
        )
    [winner] = [n for n, answer in enumerate(answers) if isinstance(answer, LeaseGrant)]
    assert {f"run{winner}"} == {a.run for a in answers if isinstance(a, Holder)}


def test_many_threads_record_at_once(store: Store) -> None:
    names = [f"srv{n}" for n in range(40)]
    store.begin_run(a_run(), [a_host(name) for name in names])

    def work(name: str) -> None:
        store.record_intent(an_intent(host=name))
        store.run(RUN)
        store.close_host(RUN, name, a_report(name))

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(work, names))
    assert [a_report(name) for name in names] == [h.report for h in store.run(RUN).hosts]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("SRV01.Example.com", "srv01.example.com:5985"),
        ("srv01.example.com.", "srv01.example.com:5985"),
        ("2001:DB8:0::1", "[2001:db8::1]:5985"),
        ("10.0.0.1", "10.0.0.1:5985"),
    ],
)
def test_two_names_for_one_endpoint_share_a_lease(address: str, key: str) -> None:
    assert key == Host(name="any", address=address, port=5985).endpoint


def audited(store: Store) -> Store:
    store.begin_audit(an_audit())
    store.record_findings(RUN, [findings("SRV02"), findings("SRV01", Outcome.ATTENTION)])
    store.record_findings(RUN, [findings("SRV03")])
    return store


def test_an_audit_comes_back_as_it_was_recorded_by_the_names_of_its_hosts(store: Store) -> None:
    audited(store).finish_audit(RUN, NOW + TTL)
    store.finish_audit(RUN, NOW)  # the first end counts
    found = (findings("SRV01", Outcome.ATTENTION), findings("SRV02"), findings("SRV03"))
    expected = AuditRecord(run=an_audit(), finished=NOW + TTL, hosts=found)
    assert expected == store.audit(RUN) == store.audit(RUN[:-2])


def test_an_audit_names_the_hosts_that_it_has_no_verdict_of(store: Store) -> None:
    store.begin_audit(an_audit(), ["SRV03", "SRV02", "SRV01"])
    store.record_findings(RUN, [findings("SRV02"), findings("SRV04")])
    assert store.audit(RUN).no_verdict == ("SRV01", "SRV03")
    assert [summary.hosts for summary in store.audits()] == [2]


def test_an_audit_is_never_among_runs(store: Store) -> None:
    """So nothing rolls one back, reconciles one, or takes one for the newest run."""
    audited(store)
    assert (store.runs(), store.open_intents(indeterminate=True)) == ([], [])
    with pytest.raises(UnknownRun):
        store.run(RUN)
    store.begin_run(a_run("other"), [])
    with pytest.raises(UnknownRun):
        store.audit("other")


def test_findings_are_recorded_for_all_of_some_hosts_or_for_none(store: Store) -> None:
    audited(store)
    with pytest.raises(JournalConflict, match="SRV01"):
        store.record_findings(RUN, [findings("SRV04"), findings("SRV01")])
    assert [host.host for host in store.audit(RUN).hosts] == ["SRV01", "SRV02", "SRV03"]
    with pytest.raises(JournalConflict, match="already recorded"):
        store.begin_audit(an_audit())
    for record in (
        lambda: store.record_findings("nope", [findings()]),
        lambda: store.finish_audit("nope", NOW),
    ):
        with pytest.raises(UnknownRun):
            record()


def test_audits_are_listed_newest_first_and_by_the_hosts_that_they_asked(store: Store) -> None:
    later = an_audit("20261124-000000-0000", NOW + TTL)
    audited(store).begin_audit(later)
    store.record_findings(later.id, [findings("SRV04")])
    verdicts = {Outcome.ATTENTION: 1, Outcome.WOULD_CHANGE: 2}
    first = RunSummary(run=an_audit(), hosts=3, outcomes=verdicts)
    second = RunSummary(run=later, hosts=1, outcomes={Outcome.WOULD_CHANGE: 1})
    assert [second, first] == store.audits()
    assert [second] == store.audits(limit=1)
    assert [first] == store.audits(asked=["SRV01", "SRV02", "SRV08", "SRV09"])
    assert store.audits(asked=["SRV01", "SRV08", "SRV09"]) == []
    assert [second, first] == store.audits(asked=["SRV01", "SRV04"])


def test_audits_are_forgotten_by_their_age(store: Store) -> None:
    later = an_audit("20261124-000000-0000", NOW + TTL)
    audited(store).begin_audit(later)
    begun(store)
    store.forget_audits(NOW + TTL)
    assert [later.id] == [summary.run.id for summary in store.audits()]
    assert len(store.runs()) == 1, "runs are never forgotten"
    store.begin_audit(an_audit())
    assert store.audit(RUN).hosts == ()
