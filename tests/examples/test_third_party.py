"""The package in examples/third-party is found, works, and can be undone in another process."""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.lab import Lab
from tests.surface.check import check_files
from tests.surface.tree import HOW_TO_GET_ONE, find_pwsh

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "examples" / "third-party"
CODE = PACKAGE / "contoso_playbooks"
SMALL = {"name": "Application", "max_size": 20 << 20, "size": 19 << 20}

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """Folders for the path of Python, as an installer would leave them."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = tmp_path / "site" / f"contoso_playbooks-{project['version']}.dist-info"
    info.mkdir(parents=True)
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    text = "".join(
        f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in points.items())
        for group, points in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(text, encoding="utf-8")
    return [PACKAGE, info.parent]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A practice host with such a resource."""
    monkeypatch.syspath_prepend(str(PACKAGE))
    importlib.import_module("contoso_playbooks.event_log")
    state = healthy_host("SRV01", {"contoso_event_log": [SMALL]})
    with Lab([state]) as lab:
        yield lab
    for name in [name for name in sys.modules if name.startswith("contoso_playbooks")]:
        del sys.modules[name]


@pytest.fixture
def cli(host: Lab, tmp_path: Path) -> Cli:
    """Runs a command in a process of its own, with or without the package."""

    def run(*words: str, path: list[Path], password: str = "") -> subprocess.CompletedProcess[str]:
        given = {
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REMEDIATE_PASSWORD": password or host.hosts[0].password,
            "REMEDIATE_STORE": str(tmp_path / "runs.db"),
        }
        return subprocess.run(
            [sys.executable, "-m", "remediate", *words],
            env={**os.environ, **given},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


def at(lab: Lab) -> list[str]:
    host = lab.hosts[0]
    return ["--host", f"{host.address}:{host.port}", "--user", host.user]


def run_id(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout.partition("remediate rollback ")[2].split()[0]


@pytest.mark.slow
def test_an_installed_package_is_applied_and_undone(
    cli: Cli, host: Lab, installed: list[Path]
) -> None:
    """Rollback knows the resource though nothing but the record names it."""
    logs = host.hosts[0].state.windows["contoso_event_log"]
    done = cli("apply", "event-log-size", "--size", "32", "--yes", *at(host), path=installed)
    assert "max_size: 20971520 → 33554432" in done.stdout
    assert logs[0]["max_size"] == 32 << 20

    without = cli("rollback", run_id(done), "--yes", path=[])
    assert without.returncode == 64
    assert "resources of kind 'contoso_event_log', which no playbook here knows" in without.stderr
    assert logs[0]["max_size"] == 32 << 20

    assert cli("rollback", run_id(done), "--yes", path=installed).returncode == 0
    assert logs == [SMALL]


def own_folder(place: Path) -> Path:
    """A folder with playbook and resource in one file."""
    folder = place / "own"
    folder.mkdir()
    resource = (CODE / "event_log.py").read_text(encoding="utf-8")
    playbook = (CODE / "event_log_size.py").read_text(encoding="utf-8")
    own = "from contoso_playbooks.event_log import EventLog, EventLogs\n"
    assert own in playbook
    (folder / "event_log_size.py").write_text(resource + playbook.replace(own, ""))
    for end in (".read.ps1", ".write.ps1"):
        script = (CODE / f"event_log{end}").read_bytes()
        (folder / f"event_log_size{end}").write_bytes(script)
    return folder


@pytest.mark.slow
def test_a_folder_may_hold_playbook_and_resource_in_one_file(
    cli: Cli, host: Lab, tmp_path: Path
) -> None:
    folder = own_folder(tmp_path)
    here = ["--playbooks", str(folder)]
    done = cli("apply", "event-log-size", "--yes", *at(host), *here, path=[])
    assert cli("rollback", run_id(done), "--yes", *here, path=[]).returncode == 0
    assert host.hosts[0].state.windows["contoso_event_log"] == [SMALL]


@contextmanager
def served(*words: str, path: Sequence[Path] = ()) -> Iterator[tuple[list[str], str]]:
    """A lab as `remediate lab serve` starts it; how its host is reached, and the password."""
    with subprocess.Popen(
        [sys.executable, "-m", "remediate", "lab", "serve", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        [host] = json.loads(process.stdout.readline())["hosts"]
        at = f"{host['address']}:{host['port']}"
        yield ["--host", at, "--user", host["user"], "--auth", host["auth"]], host["password"]
        process.communicate("", timeout=60)


@pytest.mark.slow
def test_a_kind_that_the_lab_knows_nothing_of_can_be_tried(cli: Cli, tmp_path: Path) -> None:
    """Its records stand in the state as they are, and the Python model answers."""
    folder, state = own_folder(tmp_path), tmp_path / "state.json"
    own = {"name": "SRV01", "resources": {"contoso_event_log": [SMALL]}}
    state.write_text(json.dumps(own))
    here = ["--playbooks", str(folder)]
    with served(*here, "--state", str(state)) as (at, password):
        words = ["apply", "event-log-size", "--yes", *at, *here]
        done = cli(*words, path=[], password=password)
    assert done.returncode == 0, done.stderr
    [log] = json.loads(state.read_text())["windows"]["contoso_event_log"]
    assert log == {**SMALL, "max_size": 64 << 20}


@pytest.mark.parametrize(
    ("place", "engine"),
    [
        pytest.param("folder", "simulated", marks=pytest.mark.slow),
        pytest.param("package", "powershell", marks=[pytest.mark.slow, pytest.mark.powershell]),
    ],
)
def test_a_kind_of_ones_own_is_tried_as_ours_are(
    cli: Cli, tmp_path: Path, installed: list[Path], place: str, engine: str
) -> None:
    """With a file in `lab` beside the playbook, and Windows' own class in `lab/windows`."""
    if engine == "powershell" and find_pwsh() is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    path, here = (installed, []) if place == "package" else ([], own_with_lab(tmp_path))
    state = tmp_path / "state.json"
    own = {"name": "SRV01", "resources": {"contoso_event_log": {"Application": 20 << 20}}}
    state.write_text(json.dumps({"hosts": [own]}))
    with served(*here, "--state", str(state), "--engine", engine, path=path) as (at, password):
        words = ["apply", "event-log-size", "--yes", *at, *here]
        done = cli(*words, path=path, password=password)
    assert "max_size: 20971520 → 67108864" in done.stdout, done.stderr
    assert json.loads(state.read_text())["windows"]["logs"][0]["max_size"] == 64 << 20


def own_with_lab(place: Path) -> list[str]:
    """The option that names a folder with playbook, resource, and what the lab has to know."""
    folder = own_folder(place)
    shutil.copytree(CODE / "lab", folder / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    return ["--playbooks", str(folder)]


@pytest.mark.slow
@pytest.mark.parametrize(
    "chosen",
    [
        "not powershell",
        pytest.param("powershell", marks=pytest.mark.powershell),
    ],
)
def test_its_own_tests_pass(installed: list[Path], chosen: str) -> None:
    if chosen == "powershell" and find_pwsh() is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    given = {"PYTHONPATH": os.pathsep.join(map(str, installed)), "PYTHONDONTWRITEBYTECODE": "1"}
    words = ["-q", "-p", "no:cacheprovider", "-n", "0", "-k", chosen, "tests"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=PACKAGE,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.powershell
def test_its_script_uses_only_what_every_windows_has() -> None:
    pwsh = find_pwsh()
    if pwsh is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    ours = [ROOT / "remediate" / "powershell" / f"{name}.ps1" for name in ("envelope", "write")]
    assert check_files([*ours, *sorted(CODE.glob("*.ps1"))], pwsh) == []
