"""Where files come from: nothing that a folder or a peer says is believed without a check."""

import base64
import gzip
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from remediate.engine.source import FolderSource, PeerSource, Reader, SourceError
from remediate.lab.kinds import kind_of, records
from remediate.lab.kinds.agent_module import installed, practice_files
from remediate.model.computer import Computer
from remediate.model.content import FileEntry, Piece
from remediate.model.host import Host
from remediate.model.outcome import Outcome
from remediate.model.plan import HostFacts
from remediate.powershell.messages import CallError, CallResult, Reply, Request, Status
from remediate.resources.agent_module import AgentModule, AgentModules
from remediate.transport.errors import NameNotResolved
from remediate.transport.protocol import Deadline
from tests.engine.restoring import PEER, Restoring, host_state

SOON = Deadline(3600)
FACTS = HostFacts(computer=Computer(name="X"), powershell="5.1", os="10.0", culture="en-US", utc="")


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        place = folder.joinpath(*path.split("\\"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder


def piece_of(path: str, data: bytes, offset: int = 0, length: int | None = None) -> Piece:
    file = FileEntry(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
    return Piece(file=file, offset=offset, length=len(data) if length is None else length)


# --- a folder on the controller ------------------------------------------------------------------


def test_a_folder_is_what_a_host_would_say_it_is(tmp_path: Path) -> None:
    original = FolderSource(write(tmp_path, dict(practice_files())), AgentModules()).look(SOON)
    [record] = records(host_state("SRV01", dict(practice_files())), "agent_module")
    assert isinstance(original.found, AgentModule)
    assert original.found.recorded("installed") == record["installed"]
    assert original.found.module_version == record["module_version"]
    assert not original.proven


def test_pieces_of_its_files_are_read_where_they_are_wanted(tmp_path: Path) -> None:
    write(tmp_path, {"en-US\\a": b"0123456789"})
    source = FolderSource(tmp_path, AgentModules())
    pieces = [piece_of("en-US\\a", b"0123456789", 3, 4), piece_of("en-US\\a", b"0123456789", 9, 1)]
    assert source.read("", pieces, SOON) == [b"3456", b"9"]
    source.close()


def link_to_a_file(folder: Path) -> None:
    folder.joinpath("link").symlink_to(folder / "MSOnlineBackup.psd1")


def link_to_a_folder(folder: Path) -> None:
    folder.joinpath("link").symlink_to(folder.parent, target_is_directory=True)


def dangling_link(folder: Path) -> None:
    folder.joinpath("link").symlink_to(folder / "nowhere")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def stream(folder: Path) -> None:
    folder.joinpath("a.txt:stream").write_bytes(b"")


def device(folder: Path) -> None:
    folder.joinpath("nul.txt").write_bytes(b"")


def backslash(folder: Path) -> None:
    folder.joinpath("..\\..\\evil.dll").write_bytes(b"")


def two_cases(folder: Path) -> None:
    folder.joinpath("readme").write_bytes(b"")
    folder.joinpath("README").write_bytes(b"")


@pytest.mark.skipif(os.name == "nt", reason="a Windows disk cannot hold most of these")
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (link_to_a_file, "leads elsewhere"),
        (link_to_a_folder, "leads elsewhere"),
        (dangling_link, "leads elsewhere"),
        (pipe, "neither a file nor a folder"),
        (stream, "cannot be the path"),
        (device, "cannot be the path"),
        (backslash, "has a backslash in a name"),
        (two_cases, "is there twice"),
    ],
)
def test_a_folder_with_something_strange_in_it_is_no_source(
    tmp_path: Path, spoil: Callable[[Path], None], why: str
) -> None:
    folder = write(tmp_path / "module", dict(practice_files()))
    spoil(folder)
    original = FolderSource(folder, AgentModules()).look(SOON)
    assert original.found is None
    assert why in original.problem
    restoring = Restoring(host_state("SRV01", None), folder=folder)
    report = restoring.apply()
    assert report.outcome is Outcome.ATTENTION
    assert restoring.sent("Start-RemediateStage") == []


def test_a_folder_that_is_not_there_is_no_source(tmp_path: Path) -> None:
    original = FolderSource(tmp_path / "nowhere", AgentModules()).look(SOON)
    assert original.found is None
    assert "nowhere" in original.problem


def test_a_file_that_is_not_the_one_of_the_manifest_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, {"a": b"0123", "same": b"0123"})
    source = FolderSource(tmp_path, AgentModules())
    for data in (b"0123456789", b"012", b"4567"):
        with pytest.raises(SourceError, match="a has changed since it was looked at"):
            source.read("", [piece_of("a", data, 0, 1)], SOON)
    with pytest.raises(SourceError, match="cannot be read"):
        source.read("", [piece_of("gone", b"0123")], SOON)
    (tmp_path / "a").write_bytes(b"0123")
    assert source.read("", [piece_of("a", b"0123", 0, 1)], SOON) == [b"0"]
    (tmp_path / "a").write_bytes(b"01")  # while it is open
    with pytest.raises(SourceError, match="a has changed since it was looked at"):
        source.read("", [piece_of("a", b"0123", 1, 3)], SOON)
    source.close()


@pytest.mark.skipif(os.name == "nt", reason="it is looked at just before there, not held")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_has_become_a_link_since_is_not_followed(tmp_path: Path, what: str) -> None:
    secret = tmp_path / "elsewhere" / "a"
    secret.parent.mkdir()
    secret.write_bytes(b"0123")  # the same content, so that only the link is at fault
    folder = write(tmp_path / "module", {"en-US\\a": b"0123"})
    place = folder / "en-US" / "a"
    if what == "file":
        place.unlink()
        place.symlink_to(secret)
    else:
        place.parent.rename(tmp_path / "was")
        place.parent.symlink_to(secret.parent, target_is_directory=True)
    with pytest.raises(SourceError, match="link"):
        FolderSource(folder, AgentModules()).read("", [piece_of("en-US\\a", b"0123")], SOON)


def too_large(folder: Path) -> None:
    with (folder / "sparse").open("wb") as file:
        file.truncate(500 * 10**9)


def too_many_folders(folder: Path) -> None:
    for number in range(3001):
        (folder / str(number)).mkdir()


@pytest.mark.parametrize("spoil", [too_large, too_many_folders])
def test_a_folder_beyond_the_limits_is_refused_before_a_file_is_read(
    tmp_path: Path, spoil: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"a": b"0123"})
    spoil(tmp_path)

    def opened(*_: object) -> int:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("remediate.engine.folder.open_below", opened)
    original = FolderSource(tmp_path, AgentModules()).look(SOON)
    assert "it has more than 3000 files, 3000 folders or 536870912 bytes" in original.problem


def test_a_folder_that_takes_longer_than_there_is_time_is_no_source(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a": b"0123"})
    over = Deadline(0)
    original = FolderSource(folder, AgentModules()).look(over)
    assert "--timeout" in original.problem
    with pytest.raises(SourceError, match="--timeout"):
        FolderSource(folder, AgentModules()).read("", [piece_of("a", b"0123")], over)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_version_is_read_whatever_windows_wrote_it_in(tmp_path: Path, encoding: str) -> None:
    text = "@{ ModuleVersion = '2.0.0.0' }\r\n"
    folder = write(tmp_path, {"MSOnlineBackup.psd1": text.encode(encoding)})
    found = FolderSource(folder, AgentModules()).look(SOON).found
    assert isinstance(found, AgentModule)
    assert found.module_version == "2.0.0.0"


def test_restoring_out_of_a_folder_ends_with_its_files_on_the_host(tmp_path: Path) -> None:
    folder = write(tmp_path, dict(practice_files()))
    restoring = Restoring(host_state("SRV01", None), folder=folder)
    assert restoring.apply().outcome is Outcome.CHANGED
    assert restoring.module["installed"] == installed(practice_files())


# --- a peer --------------------------------------------------------------------------------------


class Saying:
    """A host that answers every call with this."""

    def __init__(self, value: Any, error: CallError | None = None) -> None:
        self.value = value
        self.error = error

    def session(self, host: Host) -> "Saying":
        del host
        return self

    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        del script, deadline
        status = Status.ERROR if self.error else Status.OK
        calls = [
            CallResult(id=call.id, status=status, value=self.value, error=self.error)
            for call in request.calls
        ]
        return Reply(host=FACTS, calls=tuple(calls))

    def close(self) -> None:
        pass


class Unknown(Saying):
    def run(self, script: str, request: Request, deadline: Deadline) -> Reply:
        raise NameNotResolved("SRV02")


def module_with(path: str) -> dict[str, Any]:
    """A module as a hostile peer would describe it."""
    [record] = records(host_state("SRV01", dict(practice_files())), "agent_module")
    files = [{"path": path, "size": 1, "sha256": "a" * 64}]
    return {**record, "installed": {"manifest": {"files": files}, "loads": True}}


@pytest.mark.parametrize("path", ["..\\..\\cbengine.exe", "C:\\a", "a:b", "NUL", "a/../../b"])
def test_a_peer_cannot_name_files_outside_the_folder(path: str) -> None:
    original = PeerSource(PEER, AgentModules(), Saying([module_with(path)])).look(SOON)
    assert original.found is None
    assert "unexpected data" in original.problem


def test_a_host_cannot_name_files_outside_its_own_folder_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = module_with("..\\..\\cbengine.exe")
    lies = replace(kind_of("agent_module"), read=lambda _, **_asked: [module])
    asked = "remediate.lab.engines.functions.kind_of"
    monkeypatch.setattr(asked, lambda kind: lies if kind == lies.name else kind_of(kind))
    restoring = Restoring(host_state("SRV01", None))
    assert restoring.apply().outcome is Outcome.REFUSED
    assert restoring.sent("Start-RemediateStage") == []


def test_a_peer_without_an_agent_is_no_source() -> None:
    original = PeerSource(PEER, AgentModules(), Saying([])).look(SOON)
    assert original.found is None
    assert "has no PowerShell module" in original.problem


def test_a_peer_that_cannot_be_reached_is_no_source() -> None:
    source = PeerSource(PEER, AgentModules(), Unknown(None))
    assert "not known to DNS" in source.look(SOON).problem
    with pytest.raises(SourceError, match="not known to DNS"):
        source.read("", [piece_of("a", b"x")], SOON)


BOMB = base64.b64encode(gzip.compress(b"\x00" * 50_000_000, mtime=0)).decode()


@pytest.mark.parametrize(
    "value",
    [
        [],
        [{}, {}],
        ["text"],
        [{"gzip": False}],
        [{"gzip": False, "data": "!"}],
        [{"gzip": False, "data": "YWI="}],
        [{"gzip": True, "data": "YWJj"}],
        [{"gzip": True, "data": BOMB}],
        [{"gzip": True, "data": BOMB[:100]}],
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_not_the_piece_that_was_asked_for_is_not_taken(value: list[Any]) -> None:
    source = PeerSource(PEER, AgentModules(), Saying(value))
    with pytest.raises(SourceError):
        source.read("", [piece_of("a", b"abc")], SOON)


def test_a_peer_that_fails_to_read_says_why() -> None:
    error = CallError(exception="System.IO.IOException", message="in use", error_id="X")
    with pytest.raises(SourceError, match="in use"):
        PeerSource(PEER, AgentModules(), Saying([], error)).read("", [piece_of("a", b"x")], SOON)


def test_a_host_needs_no_credentials_for_another() -> None:
    """Bytes go through the controller: no request names the other host."""
    restoring = Restoring(host_state("SRV01", None))
    restoring.apply()
    assert all(PEER.address not in request.encode() for request in restoring.transport.requests)


# --- reading ahead -------------------------------------------------------------------------------


class Counting(FolderSource):
    """A source that keeps what it was asked for, and cannot read some of it."""

    def __init__(self, bad: str = "") -> None:
        self.asked: list[str] = []
        self.closed = False
        self.bad = bad

    def read(self, folder: str, pieces: Sequence[Piece], deadline: Deadline) -> list[bytes]:
        del folder, deadline
        self.asked += [piece.file.path for piece in pieces]
        if self.bad in self.asked:
            raise SourceError("source", f"{self.bad} cannot be read")
        return [piece.file.path.encode() for piece in pieces]

    def close(self) -> None:
        self.closed = True


def batch(name: str) -> list[Piece]:
    return [piece_of(name, b"x")]


def test_one_batch_is_read_ahead_and_never_more() -> None:
    source = Counting()
    reader = Reader(lambda: source, "folder", SOON)
    assert reader.read(batch("a"), batch("b")) == [b"a"]
    assert reader.read(batch("b"), batch("c")) == [b"b"]
    assert "d" not in source.asked
    assert reader.read(batch("d"), ()) == [b"d"]  # not what was expected, and right all the same
    reader.close()
    assert source.asked == ["a", "b", "c", "d"]
    assert source.closed


def test_what_cannot_be_read_ahead_is_told_when_its_turn_comes() -> None:
    source = Counting(bad="b")
    reader = Reader(lambda: source, "folder", SOON)
    assert reader.read(batch("a"), batch("b")) == [b"a"]
    with pytest.raises(SourceError, match="b cannot be read"):
        reader.read(batch("b"), ())
    reader.close()
    assert source.closed
