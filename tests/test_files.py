"""Nothing but a regular file of bounded size is read, nothing of somebody else's is written."""

import os
import socket
import stat
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from remediate import files
from remediate.files import FileRefused

ME = os.geteuid() if files.OWNERS_ARE_KNOWN else 0
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no rights of this kind")


def refused(call: Callable[[], object]) -> str:
    """Why it was refused; it must not wait."""
    with pytest.raises(FileRefused) as error:
        call()
    assert error.value.filename
    return error.value.why


def test_a_file_is_read_to_its_end_and_no_further(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\x00" * 100)
    assert files.read_bounded(file, 100) == b"\x00" * 100
    assert refused(lambda: files.read_bounded(file, 99)) == "it is longer than 99 bytes"
    (tmp_path / "link").symlink_to(file)
    assert files.read_bounded(tmp_path / "link", 100) == b"\x00" * 100


def test_what_is_no_regular_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    assert refused(lambda: files.read_bounded(tmp_path, 10)) == "it is a folder"
    assert "null character" in refused(lambda: files.read_bounded("a\0b", 10))
    with pytest.raises(FileNotFoundError):
        files.read_bounded(tmp_path / "nothing", 10)


@posix
def test_pipes_sockets_and_devices_are_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert refused(lambda: files.read_bounded(tmp_path / "s", 10)) == "it is a socket"
    for name in ("pipe", "link"):
        assert refused(partial(files.read_bounded, tmp_path / name, 10)) == "it is a named pipe"
    assert refused(lambda: files.read_bounded("/dev/zero", 10)) == "it is a device"
    with pytest.raises(FileRefused, match="longer"):
        files.read_bounded("/proc/self/maps" if sys.platform == "linux" else __file__, 10)


@posix
@pytest.mark.parametrize("what", ["link", "dangling", "pipe", "folder"])
def test_a_file_of_ours_is_never_written_through_something_else(tmp_path: Path, what: str) -> None:
    mine, victim = tmp_path / "mine", tmp_path / "victim"
    if what == "link":
        victim.write_bytes(b"precious")
    if what in {"link", "dangling"}:
        mine.symlink_to(victim)
    elif what == "pipe":
        os.mkfifo(mine)
    else:
        mine.mkdir()
    assert "it is a " in refused(lambda: files.open_ours(mine, os.O_WRONLY | os.O_CREAT))
    assert (victim.read_bytes() if victim.exists() else None) == (
        b"precious" if what == "link" else None
    )


@posix
def test_a_new_file_of_ours_is_for_nobody_else(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        os.close(files.open_ours(tmp_path / "new", os.O_WRONLY | os.O_CREAT))
        files.make_folder(tmp_path / "a" / "b" / "c")
        files.write_ours(tmp_path / "whole", b"x")
    finally:
        os.umask(before)
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*")}
    assert modes == {"new": 0o600, "whole": 0o600, "a": 0o700, "b": 0o700, "c": 0o700}


def test_a_whole_file_replaces_a_link_and_leaves_what_it_led_to(tmp_path: Path) -> None:
    victim, state = tmp_path / "victim", tmp_path / "state"
    victim.write_bytes(b"precious")
    state.symlink_to(victim)
    files.write_ours(state, b"new")
    assert (state.read_bytes(), state.is_symlink(), victim.read_bytes()) == (
        b"new",
        False,
        b"precious",
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state", "victim"]


def test_what_cannot_be_put_in_place_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "state" / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        files.write_ours(tmp_path / "state", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_folder_where_others_write_is_not_ours(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    assert f"(mode {mode:04o})" in refused(lambda: files.require_folder(folder))


@posix
def test_a_folder_that_everybody_may_replace_is_not_ours(tmp_path: Path) -> None:
    way = tmp_path / "open"
    (way / "ours").mkdir(parents=True, mode=0o700)
    way.chmod(0o777)
    for folder in (way / "ours", way / "new" / "deep"):
        assert "another folder" in refused(partial(files.make_folder, folder))
    assert [p.name for p in way.iterdir()] == ["ours"]
    way.chmod(0o1777)  # as /tmp: what is there can be taken away by its owner only
    files.make_folder(way / "ours")


@posix
@pytest.mark.parametrize(
    ("mode", "uid", "readers", "writers"),
    [
        (0o600, ME, False, False),
        (0o640, 0, False, False),
        (0o644, 0, True, False),
        (0o640, 4711, True, True),
        (0o620, ME, True, True),
        (0o606, ME, True, True),
    ],
)
def test_who_else_may_read_or_write(mode: int, uid: int, readers: bool, writers: bool) -> None:
    status = os.stat_result((mode, 0, 0, 1, uid, 0, 0, 0, 0, 0))
    content = files.Content(b"", status)
    assert (bool(content.read_by), bool(content.written_by)) == (readers, writers)


@posix
def test_a_file_below_a_folder_is_opened_without_following_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "real" / "deep" / "file").write_bytes(b"x")
    (tmp_path / "real" / "link").symlink_to(tmp_path / "real" / "deep")
    (tmp_path / "real" / "deep" / "other").symlink_to("file")
    real = tmp_path / "real"
    file = files.open_below(real, ("deep", "file"))
    assert files.read_up_to(file, 10) == b"x"
    os.close(file)
    for parts in (("link", "file"), ("deep", "other")):
        assert "link" in refused(partial(files.open_below, real, parts))
    with pytest.raises(FileRefused):
        list(files.folder_below(real, ("link",)))
    names = [(name, files.is_link(about)) for name, about in files.folder_below(real, ())]
    assert sorted(names) == [("deep", False), ("link", True)]


def test_of_many_who_make_a_folder_none_fails(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def make() -> None:
        try:
            files.make_folder(tmp_path / "a" / "b")
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
