"""The functions that stage and read folders, on a real engine with real files."""

import base64
import gzip
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from remediate.lab.engines.powershell import PowerShellEngine
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import agent_module
from remediate.lab.kinds.agent_module import MODULE_FOLDER, installed, practice_files
from remediate.lab.lab import Lab
from remediate.powershell.messages import Call, CallResult, Request, Status
from remediate.powershell.script import compose
from remediate.resources.agent_module import AgentModule, AgentModules
from remediate.resources.content import CONTENT_WRITER
from remediate.transport.protocol import Deadline, Session
from remediate.transport.psrp import PsrpTransport
from tests.conformance.doors import AT_LAST

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has test_kinds.py

SCRIPT = compose(
    {*AgentModules().reading_files(), *AgentModule.writing_files(), *CONTENT_WRITER}
).text
WHOLE: Any = (installed(practice_files()) or {})["manifest"]
BROKEN_FILES = {**practice_files(), "MSOnlineBackup.psm1": b"throw 'broken'"}
BROKEN: Any = installed(BROKEN_FILES)
CODE = practice_files()["MSOnlineBackup.psm1"]
BUSY_ONCE = """
function global:Rename-Item {
    Remove-Item -LiteralPath Function:\\Rename-Item
    Write-Error -Exception (New-Object -TypeName System.IO.IOException)
}
"""


class Bench:
    """One host, whose files are reached from both sides."""

    def __init__(self, session: Session, modules: Path) -> None:
        self.session = session
        self.modules = modules

    before = ""
    """PowerShell that runs first, such as what stands in for a command."""

    def call(self, function: str, seconds: float | None = None, **arguments: Any) -> CallResult:
        asked = Call(id="c", function=function, arguments=arguments, seconds=seconds)
        request = Request(run="r", calls=(asked,))
        script = SCRIPT.replace("Set-StrictMode", self.before + "Set-StrictMode", 1)
        return self.session.run(script, request, Deadline(AT_LAST))["c"]

    def start(self, manifest: Any = WHOLE, stale: int = 900) -> CallResult:
        return self.call(
            "Start-RemediateStage",
            path=MODULE_FOLDER,
            digest=manifest["digest"],
            files=manifest["files"],
            stale=stale,
        )

    def begin(self) -> str:
        """A staging folder; its name."""
        begun: Any = self.start().value[0]
        return str(begun["folder"])

    def missing(self) -> Any:
        """What is missing in the staging folder."""
        begun: Any = self.start().value[0]
        return begun["missing"]

    def add(self, folder: str, *pieces: dict[str, Any]) -> CallResult:
        return self.call(
            "Add-RemediateContent", path=MODULE_FOLDER, folder=folder, pieces=list(pieces)
        )

    def stage(self, manifest: Any = WHOLE) -> str:
        """A whole staging folder; its name."""
        begun: Any = self.start(manifest).value[0]
        assert [one["path"] for one in begun["missing"]] == ["MSOnlineBackup.psm1"]
        assert self.add(begun["folder"], piece()).status is Status.OK
        return str(begun["folder"])

    def write(self, before: Any, after: Any) -> CallResult:
        return self.call(
            "Set-RemediateAgentModule",
            identity={"path": MODULE_FOLDER},
            before={"installed": before},
            after={"installed": after},
        )

    def clear(self) -> None:
        """A module that does not load, and nothing beside it."""
        for place in sorted(self.modules.rglob("*"), reverse=True):
            place.unlink() if place.is_symlink() or place.is_file() else place.rmdir()
        for path, data in BROKEN_FILES.items():
            place = self.modules.joinpath("MSOnlineBackup", *path.split("\\"))
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    @property
    def names(self) -> list[str]:
        return sorted(place.name for place in self.modules.iterdir())


def piece(start: int = 0, end: int | None = None, **other: Any) -> Any:
    part = CODE[start:end]
    return {
        "path": "MSOnlineBackup.psm1",
        "offset": start,
        "length": len(part),
        "sha256": hashlib.sha256(part).hexdigest(),
        "last": end is None,
        "whole": hashlib.sha256(CODE).hexdigest(),
        "gzip": False,
        "data": base64.b64encode(part).decode(),
        **other,
    }


def id_of(result: CallResult) -> str:
    assert result.error, result
    return result.error.error_id.partition(",")[0]


@pytest.fixture(scope="module")
def served() -> Iterator[Bench]:
    state = healthy_host()
    agent_module.place(state, BROKEN_FILES)
    engine = PowerShellEngine(ready=0)
    with Lab([state], engine=engine) as lab:
        host = lab.hosts[0]
        session = PsrpTransport(lambda _: SecretStr(host.password)).session(host.target())
        [found] = Path(engine.pool._folder).rglob("MSOnlineBackup")
        yield Bench(session, found.parent)
        session.close()


@pytest.fixture
def bench(served: Bench) -> Bench:
    served.clear()
    served.before = ""
    return served


def test_files_that_the_host_has_are_taken_from_it_and_the_rest_is_asked_for(bench: Bench) -> None:
    folder = bench.stage()
    assert folder == f"MSOnlineBackup.remediate-{WHOLE['digest']}"
    place = bench.modules / folder
    for path, data in practice_files().items():
        assert place.joinpath(*path.split("\\")).read_bytes() == data
    assert (bench.modules / "MSOnlineBackup" / "MSOnlineBackup.psm1").read_bytes() != CODE
    again: Any = bench.start().value[0]
    assert again == {"folder": folder, "missing": []}


def test_an_argument_that_a_function_does_not_know_is_an_error(bench: Bench) -> None:
    """It would be ignored otherwise, and its default taken."""
    for function in ("Start-RemediateStage", "Add-RemediateContent", "Get-RemediateContent"):
        assert id_of(bench.call(function, stale_after=1)) == "NamedParameterNotFound"
    assert bench.names == ["MSOnlineBackup"]


def test_half_a_file_stays_and_the_other_half_completes_it(bench: Bench) -> None:
    folder = bench.begin()
    assert bench.add(folder, piece(end=50)).status is Status.OK
    assert bench.missing() == [{"path": "MSOnlineBackup.psm1", "have": 50}]
    packed = base64.b64encode(gzip.compress(CODE[50:])).decode()
    assert bench.add(folder, piece(start=50, gzip=True, data=packed)).status is Status.OK
    assert (bench.modules / folder / "MSOnlineBackup.psm1").read_bytes() == CODE


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"sha256": "0" * 64}, "RemediateDamaged"),
        ({"offset": 7}, "RemediateStale"),
        ({"whole": "0" * 64}, "RemediateDamaged"),
        ({"path": "..\\evil.dll"}, "RemediateRefused"),
        ({"path": "a\\..\\..\\evil.dll"}, "RemediateRefused"),
        ({"path": "C:\\evil.dll"}, "RemediateRefused"),
        ({"path": "../evil.dll"}, "RemediateRefused"),
        ({"path": "evil.dll:stream"}, "RemediateRefused"),
        ({"path": "\\evil.dll"}, "RemediateRefused"),
    ],
    ids=str,
)
def test_a_piece_that_is_not_right_is_not_kept(
    bench: Bench, wrong: dict[str, Any], why: str
) -> None:
    folder = bench.begin()
    assert id_of(bench.add(folder, piece(**wrong))) == why
    assert bench.names == ["MSOnlineBackup", folder]
    assert not (bench.modules / folder / "MSOnlineBackup.psm1").exists()
    assert bench.missing() == [{"path": "MSOnlineBackup.psm1", "have": 0}]


@pytest.mark.parametrize("path", ["..\\a", "a\\..\\..\\b", "C:\\a", "\\a", "a/b"])
def test_no_folder_is_begun_for_paths_that_lead_out_of_it(bench: Bench, path: str) -> None:
    files = [{"path": path, "size": 1, "sha256": "a" * 64}]
    assert id_of(bench.start({"digest": "a" * 16, "files": files})) == "RemediateRefused"
    assert bench.names == ["MSOnlineBackup"]
    read = bench.call(
        "Get-RemediateContent",
        path=MODULE_FOLDER,
        pieces=[{"path": path, "offset": 0, "length": 1}],
    )
    assert id_of(read) == "RemediateRefused"


@pytest.mark.parametrize(
    "folder", ["MSOnlineBackup", "..", "MSOnlineBackup.remediate-0123456789abcdef", "other"]
)
def test_nothing_is_added_to_a_folder_that_is_not_ours_to_fill(bench: Bench, folder: str) -> None:
    (bench.modules / "MSOnlineBackup.remediate-0123456789abcdef").mkdir()
    assert id_of(bench.add(folder, piece(path="new.txt"))) == "RemediateMissing"


def test_a_link_in_a_staging_folder_is_not_followed(bench: Bench, tmp_path: Path) -> None:
    folder = bench.begin()
    (bench.modules / folder / "de-DE").symlink_to(tmp_path)
    assert id_of(bench.start()) == "RemediateRefused"
    bench.start({"digest": "b" * 16, "files": []}, stale=0)
    assert folder in bench.names  # nor removed through
    assert tmp_path.exists()


def test_a_link_in_the_module_is_told_and_not_followed(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("not to be read", encoding="utf-8")
    (bench.modules / "MSOnlineBackup" / "data").symlink_to(tmp_path)
    [module] = bench.call("Get-RemediateAgentModule", load=True).value
    assert isinstance(module, dict)
    assert module["links"] == ["data"]
    assert "secret" not in str(module["installed"])
    assert id_of(bench.write(BROKEN, None)) == "RemediateStale"


@pytest.mark.slow
def test_a_module_that_takes_too_long_to_load_is_not_said_to_be_broken(bench: Bench) -> None:
    """The process in which it is tried is ended."""
    code = bench.modules / "MSOnlineBackup" / "MSOnlineBackup.psm1"
    note = '[System.IO.File]::WriteAllText("$PSScriptRoot/pid", $PID)\n'
    code.write_text(note + "Start-Sleep -Seconds 600")
    [module] = bench.call("Get-RemediateAgentModule", seconds=20, load=True).value
    assert isinstance(module, dict)
    assert module["installed"]["loads"] is None  # type: ignore[index, call-overload]
    assert module["load_error"] == "It has not loaded in the time that this question has."
    pid = int((code.parent / "pid").read_text())
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(timeout=AT_LAST)
    assert not psutil.pid_exists(pid)


def test_staging_folders_are_removed_when_stale_former_folders_never(bench: Bench) -> None:
    folder = bench.begin()
    former = bench.modules / "MSOnlineBackup.remediate-0123456789abcdef"
    former.mkdir()
    (former / "a.txt").write_text("a former module", encoding="utf-8")
    other = {"digest": "b" * 16, "files": []}
    bench.start(other, stale=900)
    assert folder in bench.names
    marker = bench.modules / folder / "remediate.staging"
    os.utime(marker, (time.time() - 1000, time.time() - 1000))
    bench.start(other, stale=900)
    assert folder not in bench.names
    assert former.name in bench.names


def test_replacing_and_putting_back_are_renames(bench: Bench) -> None:
    folder = bench.stage()
    place = (bench.modules / folder / "MSOnlineBackup.psd1").stat().st_ino
    wanted = {"manifest": WHOLE, "loads": True}
    assert bench.write(BROKEN, wanted).status is Status.OK
    old = f"MSOnlineBackup.remediate-{BROKEN['manifest']['digest']}"
    assert bench.names == ["MSOnlineBackup", old]
    assert (bench.modules / "MSOnlineBackup" / "MSOnlineBackup.psd1").stat().st_ino == place
    [module] = bench.call("Get-RemediateAgentModule", load=True).value
    assert isinstance(module, dict)
    assert module["installed"]["loads"] is True  # type: ignore[index, call-overload]
    assert module["kept"] == [BROKEN["manifest"]["digest"]]
    assert bench.write(wanted, BROKEN).status is Status.OK
    assert bench.names == ["MSOnlineBackup", folder]


def test_a_folder_in_which_a_file_is_open_for_a_moment_is_renamed_after_it(bench: Bench) -> None:
    """A virus scanner has files open that have just arrived, and Windows renames no such folder."""
    bench.stage()
    bench.before = BUSY_ONCE
    assert bench.write(BROKEN, {"manifest": WHOLE, "loads": True}).status is Status.OK
    assert bench.names == [
        "MSOnlineBackup",
        f"MSOnlineBackup.remediate-{BROKEN['manifest']['digest']}",
    ]


def test_content_that_is_missing_or_not_whole_is_not_put_in_place(bench: Bench) -> None:
    folder = bench.begin()
    wanted = {"manifest": WHOLE, "loads": True}
    assert id_of(bench.write(BROKEN, wanted)) == "RemediateContentMissing"
    bench.add(folder, piece())
    (bench.modules / folder / "extra.txt").write_text("x", encoding="utf-8")
    assert id_of(bench.write(BROKEN, wanted)) == "RemediateContentMissing"
    assert bench.names == ["MSOnlineBackup", folder]


def test_a_module_that_was_edited_since_is_not_replaced(bench: Bench) -> None:
    bench.stage()
    (bench.modules / "MSOnlineBackup" / "mine.txt").write_text("x", encoding="utf-8")
    result = bench.write(BROKEN, {"manifest": WHOLE, "loads": True})
    assert id_of(result) == "RemediateStale"


def test_a_name_that_is_taken_is_left_alone(bench: Bench) -> None:
    taken = bench.modules / f"MSOnlineBackup.remediate-{BROKEN['manifest']['digest']}"
    taken.mkdir()
    (taken / "theirs.txt").write_text("x", encoding="utf-8")
    bench.stage()
    bench.write(BROKEN, {"manifest": WHOLE, "loads": True})
    assert (taken / "theirs.txt").exists()
    assert f"{taken.name}-1" in bench.names


def test_between_the_two_renames_the_host_tells_the_truth_and_can_be_put_back(bench: Bench) -> None:
    bench.stage()
    old = f"MSOnlineBackup.remediate-{BROKEN['manifest']['digest']}"
    (bench.modules / "MSOnlineBackup").rename(bench.modules / old)
    [module] = bench.call("Get-RemediateAgentModule", load=True).value
    assert isinstance(module, dict)
    assert module["installed"] is None
    assert module["kept"] == [BROKEN["manifest"]["digest"]]
    assert bench.write(None, BROKEN).status is Status.OK
    assert "MSOnlineBackup" in bench.names
    assert old not in bench.names
