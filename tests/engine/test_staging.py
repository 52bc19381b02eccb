"""Files are brought to a host beside what they replace: whatever breaks, nothing is half done."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.engine import staging
from remediate.engine.staging import batches, piece_cost
from remediate.lab.call_error import CallFailedError
from remediate.lab.drive import Drive
from remediate.lab.kinds.agent_module import installed, place, practice_files
from remediate.model.content import FileEntry
from remediate.model.outcome import Outcome
from remediate.testing.transport import Trouble
from remediate.transport.errors import AuthenticationFailed, ConnectionLost, TimedOut
from tests.engine.restoring import Restoring, host_state

BROKEN = {**practice_files(), "MSOnlineBackup.psm1": b"throw 'broken'"}
BATCH = 6_000
REQUESTS = 16


@pytest.fixture(autouse=True)
def small_requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(staging, "BATCH", BATCH)
    monkeypatch.setattr(staging.batches, "__defaults__", (BATCH,))
    return


def absent() -> Restoring:
    return Restoring(host_state("SRV01", None))


def broken() -> Restoring:
    return Restoring(host_state("SRV01", dict(BROKEN)))


def is_whole(restoring: Restoring) -> bool:
    return bool(restoring.module["installed"] == installed(practice_files()))


# --- how much goes at a time ---------------------------------------------------------------------

FILES = st.lists(
    st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)).map(
        lambda pair: (max(pair), min(pair))
    ),
    max_size=30,
)


@given(FILES, st.integers(2_000, 20_000))
def test_every_missing_byte_is_sent_once_in_order_and_no_request_is_too_big(
    sizes: list[tuple[int, int]], most: int
) -> None:
    missing = [
        (FileEntry(path=f"f{number}", size=size, sha256="a" * 64), have)
        for number, (size, have) in enumerate(sizes)
    ]
    there = dict(missing)
    ended = set()
    for batch in batches(missing, most):
        assert batch
        assert sum(piece.length + piece_cost(piece.file) for piece in batch) <= most
        for piece in batch:
            assert piece.offset == there[piece.file]
            there[piece.file] += piece.length
            if piece.last:
                assert piece.file not in ended
                ended.add(piece.file)
    assert all(have == file.size for file, have in there.items())
    assert ended == {file for file, _ in missing}


def test_a_request_stays_below_what_windows_powershell_reads_as_json() -> None:
    """2,097,152 characters, whatever the content is and however many files there are."""
    chance = random.Random(0)  # noqa: S311 - no secret
    files = {f"{'모' * 50}{number:04}.dll": chance.randbytes(700) for number in range(1_000)}
    files["big.dll"] = chance.randbytes(2_000_000)
    whole = dict(practice_files()) | files
    restoring = Restoring(host_state("SRV01", None), host_state("SRV02", whole))
    staging.batches.__defaults__ = (staging_batch,)
    assert restoring.apply().outcome is Outcome.CHANGED
    assert max(len(request.encode()) for request in restoring.transport.requests) < 2_000_000


staging_batch = staging.BATCH
"""As it is outside this module's fixture."""


# --- only what is missing is sent ----------------------------------------------------------------


def test_what_the_host_has_already_is_not_sent() -> None:
    restoring = broken()
    assert restoring.apply().outcome is Outcome.CHANGED
    assert is_whole(restoring)
    assert restoring.bytes_sent() == len(practice_files()["MSOnlineBackup.psm1"])


def test_undoing_it_and_undoing_that_sends_nothing() -> None:
    restoring = broken()
    start = restoring.module
    restoring.apply()
    sent = restoring.bytes_sent()
    assert restoring.rollback().outcome is Outcome.CHANGED
    assert {**restoring.module, "kept": []} == start
    assert restoring.rollback().outcome is Outcome.CHANGED
    assert is_whole(restoring)
    assert restoring.bytes_sent() == sent


def test_applying_it_again_after_a_rollback_sends_nothing() -> None:
    restoring = broken()
    restoring.apply()
    sent = restoring.bytes_sent()
    restoring.rollback()
    assert restoring.apply().outcome is Outcome.CHANGED
    assert is_whole(restoring)
    assert restoring.bytes_sent() == sent


def test_a_dry_run_brings_nothing_to_the_host() -> None:
    restoring = broken()
    assert restoring.audit().outcome is Outcome.WOULD_CHANGE
    assert restoring.kept == []
    assert restoring.sent("Start-RemediateStage") == []


# --- whatever breaks -----------------------------------------------------------------------------


def test_so_many_requests_are_made() -> None:
    """As the next test breaks each of them, from the staging to the write."""
    calm = absent()
    calm.apply()
    assert len(calm.transport.requests) == REQUESTS


@pytest.mark.parametrize(
    "error",
    [
        ConnectionLost,
        *(
            pytest.param(error, marks=pytest.mark.slow)
            for error in (TimedOut, AuthenticationFailed)
        ),
    ],
)
@pytest.mark.parametrize("carried_out", [0, -1])
@pytest.mark.parametrize("number", range(3, REQUESTS))
def test_broken_off_at_any_request_the_old_folder_stands_and_the_next_run_sends_the_rest(
    number: int, carried_out: int, error: type[ConnectionLost]
) -> None:
    restoring = broken_at(number, Trouble(error, carried_out))
    start = restoring.module
    report = restoring.apply()
    assert report.outcome is Outcome.FAILED_UNCHANGED
    assert report.problem
    assert "sends only what is missing" in report.problem.hint
    assert restoring.module == start
    assert restoring.target.lease is None
    assert restoring.store.open_intents(indeterminate=True) == []
    arrived = restoring.arrived()
    before = restoring.bytes_sent()
    restoring.transport.trouble = lambda _: None
    assert restoring.apply().outcome is Outcome.CHANGED
    assert is_whole(restoring)
    whole = sum(map(len, practice_files().values()))
    assert restoring.bytes_sent() - before == whole - arrived


def broken_at(number: int, trouble: Trouble) -> Restoring:
    restoring = absent()
    restoring.transport.trouble = {number: trouble}.get
    return restoring


def test_killed_while_files_are_sent_reconcile_says_that_nothing_changed() -> None:
    restoring = broken()

    class Killed(BaseException):
        pass

    def kill(number: int) -> None:
        if number == 5:
            raise Killed

    restoring.transport.trouble = kill  # type: ignore[assignment]
    with pytest.raises(Killed):
        restoring.apply()
    restoring.transport.trouble = lambda _: None
    [(_, report)] = restoring.engine.reconcile()
    assert report.outcome is Outcome.FAILED_UNCHANGED
    assert restoring.module["installed"] == installed(BROKEN)
    assert restoring.apply().outcome is Outcome.CHANGED


def test_cut_off_between_the_two_renames_it_is_told_and_rollback_puts_the_old_folder_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restoring = between_the_renames(monkeypatch)
    report = restoring.apply()
    assert report.outcome is Outcome.ROLLED_BACK, report
    assert restoring.module["installed"] == installed(BROKEN)


def test_killed_between_the_two_renames_reconcile_tells_it_and_rollback_undoes_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restoring = between_the_renames(monkeypatch)
    restoring.transport.trouble = lost_for_good(restoring)
    assert restoring.apply().outcome is Outcome.INDETERMINATE
    assert restoring.module["installed"] is None
    restoring.transport.trouble = lambda _: None
    [(_, report)] = restoring.engine.reconcile()
    assert report.outcome is Outcome.FAILED_CHANGED
    assert ("installed", None) in {(one.property, one.found) for one in report.differing}
    assert restoring.rollback().outcome is Outcome.CHANGED
    assert restoring.module["installed"] == installed(BROKEN)


def test_killed_between_the_two_renames_applying_it_again_completes_it_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    restoring = between_the_renames(monkeypatch)
    restoring.transport.trouble = lost_for_good(restoring)
    restoring.apply()
    restoring.transport.trouble = lambda _: None
    list(restoring.engine.reconcile())
    sent = restoring.bytes_sent()
    assert restoring.apply().outcome is Outcome.CHANGED
    assert is_whole(restoring)
    assert restoring.bytes_sent() == sent


def between_the_renames(monkeypatch: pytest.MonkeyPatch) -> Restoring:
    """A host that dies when a folder is to take the module's name, once."""
    rename, died = Drive.rename, []

    def dying(self: Drive, folder: str, name: str) -> None:
        if name == "MSOnlineBackup" and not died:
            died.append(folder)
            raise CallFailedError("PipelineStopped", f"The host went down before {folder}.")
        rename(self, folder, name)

    monkeypatch.setattr(Drive, "rename", dying)
    return broken()


def lost_for_good(restoring: Restoring) -> Callable[[int], Trouble | None]:
    def trouble(_: int) -> Trouble | None:
        begun = restoring.sent("Set-RemediateAgentModule")
        return Trouble(ConnectionLost, -1) if len(begun) == 1 else None

    return trouble


# --- what must not be believed -------------------------------------------------------------------


def test_a_source_that_changes_while_it_is_read_changes_nothing_on_the_host() -> None:
    restoring = broken()
    size = len(practice_files()["MSOnlineBackup.psm1"])
    other = dict(practice_files()) | {"MSOnlineBackup.psm1": b"x" * size}

    def swap(number: int) -> None:
        place(restoring.peer, other if number > 3 else practice_files())

    restoring.transport.trouble = swap  # type: ignore[assignment]
    report = restoring.apply()
    assert report.outcome is Outcome.FAILED_UNCHANGED
    assert restoring.module["installed"] == installed(BROKEN)


def test_a_staging_folder_for_other_content_is_removed_once_nobody_touches_it() -> None:
    restoring = broken_at(5, Trouble(ConnectionLost, 0))
    restoring.apply()
    [stale] = restoring.kept
    restoring.transport.trouble = lambda _: None
    newer = {**practice_files(), "new.txt": b"new"}
    place(restoring.peer, newer)
    assert restoring.apply().outcome is Outcome.CHANGED
    assert stale in restoring.kept  # it may be another controller's, at work on it now
    later = datetime.now(UTC) + timedelta(hours=1)
    restoring.target.clock = lambda: later
    place(restoring.peer, {**newer, "newer.txt": b"newer"})
    assert restoring.apply().outcome is Outcome.CHANGED
    assert stale not in restoring.kept


def test_a_former_folder_is_never_removed() -> None:
    restoring = broken()
    restoring.apply()
    [kept] = restoring.kept
    later = datetime.now(UTC) + timedelta(days=400)
    restoring.target.clock = lambda: later
    newer = {**practice_files(), "new.txt": b"new"}
    place(restoring.peer, newer)
    assert restoring.apply().outcome is Outcome.CHANGED
    assert kept in restoring.kept


def test_a_rollback_whose_former_folder_is_gone_says_so_and_leaves_all_as_it_is() -> None:
    restoring = broken()
    restoring.apply()
    restoring.clear_kept()
    report = restoring.rollback()
    assert report.outcome is Outcome.REFUSED
    assert report.plan
    [removed] = report.plan.removed
    assert "no longer beside it" in removed
    assert is_whole(restoring)


def test_the_receipt_says_in_words_what_was_changed_not_file_by_file() -> None:
    restoring = broken()
    restoring.apply()
    [receipt] = restoring.target.receipts
    [change] = receipt["changes"]
    assert change["after"].endswith(", loads")
