"""Another user of the same machine puts files where this account will look.

Who: anybody who can log on to the controller, without rights of his own.
What: folders, links, pipes and files under the names that `remediate` uses, before it does.
What happens: what is not ours is refused by its name, nothing of his runs or is believed, nothing
of ours is written through a link of his, and nothing waits for him.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.hosts import load, make_state, save
from remediate.model.host import Host
from remediate.model.outcome import HostReport, Outcome
from remediate.model.run import Run, RunKind
from remediate.secrets import SecretError, resolve
from remediate.store.errors import StoreUnavailable
from remediate.store.place import StorePlace, store_place
from remediate.store.run_lock import RunLock, is_running
from remediate.store.spill import SpillEntry, read_spill, spill
from remediate.store.sql import SqlStore
from tests.cli.conftest import Result, Unsent, _surroundings, cli, unsent
from tests.security.second_user import UID, Attacker, attacker, everybodys, needs_second_user

__all__ = ["_surroundings", "attacker", "cli", "everybodys", "unsent"]

Cli = Callable[..., Result]

pytestmark = needs_second_user

RUN = "20260101-000000-bad0"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ENTRY = SpillEntry(
    run=RUN, host="SRV01", report=HostReport(host="SRV01", outcome=Outcome.INDETERMINATE)
)
ALL = [
    ["runs", "list"],
    ["runs", "show", RUN],
    ["runs", "reconcile"],
    ["rollback", RUN, "--dry-run"],
    ["rollback", RUN, "--yes"],
    ["apply", "schedule-fix", "--yes", "--host", "A", "--user", "u"],
]


@pytest.fixture
def his_store(everybodys: Path, attacker: Attacker) -> Path:
    """A store in a folder where everybody writes, made by the other user before we came.

    It has a run whose host gets its password from a program of his.
    """
    host = Host(name="A", address="A", port=5985, user="u", password="command:/tmp/his-program")
    run = Run(id=RUN, kind=RunKind.APPLY, playbooks=(), operator="eve@here", started=NOW)
    made = store_place(str(everybodys / "made" / "runs.db"))
    everybodys.chmod(0o755)
    with SqlStore(made) as store:
        store.begin_run(run, [host])
    everybodys.chmod(0o777)
    his = everybodys / "runs.db"
    made.folder.chmod(0o755)
    made.file.chmod(0o644)  # type: ignore[union-attr]
    assert attacker('cp "$1" "$2" && chmod 666 "$2"', made.file, his) == 0
    shutil.rmtree(made.folder)
    assert his.stat().st_uid == UID
    return his


def test_a_store_that_he_made_first_is_not_used(
    his_store: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli, unsent: Unsent
) -> None:
    """Neither in a folder of everybody, nor in one of his, nor in one of ours."""
    monkeypatch.setenv("REMEDIATE_STORE", str(his_store))
    folder = his_store.parent
    for words in ALL:
        folder.chmod(0o777)
        cli(*words, transport=unsent).explains(6, f"{folder}: others may write to it (mode 0777)")
        folder.chmod(0o755)
        os.chown(folder, UID, UID)
        cli(*words, transport=unsent).explains(6, f"{folder}: it belongs to the account {UID}")
        os.chown(folder, 0, 0)
        cli(*words, transport=unsent).explains(
            6, f"the store {his_store} cannot be used: it belongs to the account {UID}"
        )
    os.chown(his_store, 0, 0)
    cli(*words, transport=unsent).explains(6, "others may write to it (mode 0666)")


@pytest.mark.parametrize("leads_to", ["nothing", "empty", "store", "wal"])
def test_a_database_that_is_a_link_is_not_followed(
    leads_to: str, tmp_path: Path, cli: Cli, unsent: Unsent
) -> None:
    """He made it while the folder was open to him; the folder has been closed since."""
    place, target = store_place(), tmp_path / "target"
    SqlStore(place).close()
    link = place.folder / ("runs.db-wal" if leads_to == "wal" else "runs.db")
    if leads_to == "store":
        link.rename(target)
    elif leads_to == "empty":
        target.touch(mode=0o600)
    link.unlink(missing_ok=True)
    link.symlink_to(target)
    os.chown(link, UID, UID, follow_symlinks=False)
    before = target.read_bytes() if target.exists() else None
    for words in ALL:
        cli(*words, transport=unsent).explains(6, "it is a link")
    assert (target.read_bytes() if target.exists() else None) == before


def test_what_is_made_at_the_first_start_cannot_be_moved_away(
    everybodys: Path, attacker: Attacker
) -> None:
    """Whatever the umask: every folder on the way is ours alone."""
    everybodys.chmod(0o755)
    place = store_place(str(everybodys / "share" / "remediate" / "runs.db"))
    before = os.umask(0)
    try:
        with SqlStore(place) as store, RunLock(RUN, place.locks):
            store.begin_run(Run(id=RUN, kind="apply", playbooks=(), operator="", started=NOW), [])
    finally:
        os.umask(before)
    assert attacker('mv "$1/remediate" "$1/away"', place.folder.parent) != 0
    assert attacker('ls "$1"', place.folder) != 0
    with SqlStore(place) as store:
        assert [summary.run.id for summary in store.runs()] == [RUN]


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_that_he_put_in_the_place_of_ours_is_not_used(
    everybodys: Path, attacker: Attacker, make: bool
) -> None:
    """As with a folder on the way that an earlier version has made for everybody."""
    place = store_place(str(everybodys / "remediate" / "runs.db"))
    place.folder.mkdir(mode=0o700)
    assert attacker('mv "$1" "$1.away" && mkdir -m 700 "$1"', place.folder) == 0
    with pytest.raises(StoreUnavailable, match=f"it belongs to the account {UID}"):
        SqlStore(place, make=make)
    shutil.rmtree(place.folder)
    with pytest.raises(StoreUnavailable, match="everybody may put another folder there"):
        SqlStore(place)
    assert not place.folder.exists()


def test_a_link_of_his_in_the_place_of_our_folder_is_not_followed(
    everybodys: Path, attacker: Attacker, tmp_path: Path
) -> None:
    assert attacker('ln -s "$1" "$2/remediate"', tmp_path, everybodys) == 0
    everybodys.chmod(0o755)
    with pytest.raises(StoreUnavailable, match=f"it belongs to the account {UID}"):
        SqlStore(store_place(str(everybodys / "remediate" / "runs.db")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("open_", [True, False], ids=["open folder", "closed since"])
@pytest.mark.parametrize("what", ['ln -s "$2" "$1"', 'mkfifo "$1"', 'mkdir "$1"'])
def test_a_lock_is_not_taken_through_what_he_left_there(
    everybodys: Path, attacker: Attacker, tmp_path: Path, what: str, open_: bool
) -> None:
    """A lock's file is emptied when it is taken."""
    victim = tmp_path / "precious"
    victim.write_text("precious")
    assert attacker(what, everybodys / f"{RUN}.lock", victim) == 0
    everybodys.chmod(0o777 if open_ else 0o755)
    for use in (RunLock(RUN, everybodys).__enter__, lambda: is_running(RUN, everybodys)):
        with pytest.raises(StoreUnavailable):
            use()
    assert victim.read_text() == "precious"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize("what", ['ln -s "$2" "$1"', 'mkfifo "$1"', 'mkdir "$1"', 'touch "$1"'])
def test_a_verdict_is_spilled_elsewhere_and_without_waiting(
    everybodys: Path, attacker: Attacker, tmp_path: Path, temporary: Path, what: str
) -> None:
    """Under the name of the run's spill file is something of his."""
    victim = tmp_path / "precious"
    victim.write_text("precious")
    assert attacker(what, everybodys / f"remediate-spill-{RUN}.ndjson", victim) == 0
    path = spill(ENTRY, everybodys)
    assert path.parent == temporary
    assert victim.read_text() == "precious"
    mine = [file.entries for file in read_spill(everybodys) if not file.problem]
    assert mine == [(ENTRY,)]


def test_spilled_verdicts_of_his_are_not_believed(
    attacker: Attacker, temporary: Path, everybodys: Path, cli: Cli, unsent: Unsent
) -> None:
    """Among the temporary files they are passed over; in the store's folder they are told."""
    SqlStore(store_place()).close()
    his = spill(ENTRY, everybodys)
    temporary.parent.chmod(0o755)
    temporary.chmod(0o1777)
    for folder in (temporary, store_place().folder):
        shutil.copy(his, folder / "remediate-spill-his.ndjson")
        os.chown(folder / "remediate-spill-his.ndjson", UID, UID)
    assert [file.problem for file in read_spill(store_place().folder)] == [
        f"it belongs to the account {UID}"
    ]
    cli("runs", "reconcile", transport=unsent).explains(6, "the journal is not complete")
    (store_place().folder / "remediate-spill-his.ndjson").unlink()
    assert cli("runs", "reconcile", transport=unsent).code == 0


@pytest.mark.parametrize("name", ["state.json", "state.json.new"])
def test_the_state_of_the_lab_is_not_written_through_a_link(
    everybodys: Path, attacker: Attacker, tmp_path: Path, name: str
) -> None:
    victim = tmp_path / "precious"
    victim.write_text("precious")
    assert attacker('ln -s "$1" "$2"', victim, everybodys / name) == 0
    save(everybodys / "state.json", [make_state()])
    assert victim.read_text() == "precious"
    assert not (everybodys / "state.json").is_symlink()
    assert [state.name for state in load(everybodys / "state.json")] == [make_state().name]


@pytest.mark.parametrize("what", ['echo x > "$1"', 'mkfifo "$1"'])
def test_a_password_file_of_his_is_not_used(
    everybodys: Path, attacker: Attacker, what: str, cli: Cli, unsent: Unsent
) -> None:
    file = everybodys / "password"
    assert attacker(what, file) == 0
    words = ["audit", "--host", "A", "--user", "u", "--password-from", f"file:{file}"]
    cli(*words, transport=unsent).explains(64, f"the password file {file} ")
    with pytest.raises(SecretError, match=r"it is a named pipe|it belongs to the account"):
        resolve(f"file:{file}")


def test_a_file_that_is_open_to_him_is_used_only_when_that_is_accepted(
    tmp_path: Path, cli: Cli
) -> None:
    password, key = tmp_path / "password", tmp_path / "key.pem"
    for file in (password, key):
        file.write_text("x")
        file.chmod(0o644)
    log_on = {
        "password": ["--user", "u", "--password-from", f"file:{password}"],
        "key": ["--auth", "certificate", "--tls", "--cert-file", key, "--key-file", key],
    }
    for what, options in log_on.items():
        words = ["audit", "--host", "127.0.0.1:9", *options]
        cli(*words).explains(64, f"the {what} file", "others may read it (mode 0644)", "--allow")
        reached: Any = cli(*words, "--allow-open-files", "--format", "json").data
        [host] = reached["hosts"]
        assert host["problem"]["code"] in {"refused", "wrong_settings"}, "it came as far as that"


def test_only_ours_is_made_where_he_may_look(place_of_ours: StorePlace, attacker: Attacker) -> None:
    with SqlStore(place_of_ours) as store, RunLock(RUN, place_of_ours.locks):
        store.begin_run(Run(id=RUN, kind="apply", playbooks=(), operator="", started=NOW), [])
        for path in [place_of_ours.folder, *place_of_ours.folder.rglob("*")]:
            assert attacker('cat "$1" || ls "$1" || touch "$1"', path) != 0


@pytest.fixture
def place_of_ours(everybodys: Path) -> StorePlace:
    everybodys.chmod(0o1777)
    return store_place(str(everybodys / "remediate" / "runs.db"))
