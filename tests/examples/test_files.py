"""The files to start from can be used as they are."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from remediate.inventory.opening import open_inventory
from remediate.lab.hosts import make_states
from remediate.lab.lab import Lab
from tests.examples.stories import EXAMPLES


def test_the_inventory_says_what_its_comments_say() -> None:
    entries = {entry.name: entry for entry in open_inventory(EXAMPLES / "inventory.yaml").entries()}
    plain, dmz, lab = (entries[n] for n in ("srv-fs01.contoso.com", "SRV-DMZ1", "SRV-LAB"))
    assert plain.connection.password == "env:REMEDIATE_PASSWORD"
    assert (plain.connection.port, plain.connection.auth) == (None, None)
    assert (dmz.connection.user, dmz.connection.auth) == ("svc-remediate", "basic")
    assert dmz.connection.ca_file == EXAMPLES / "dmz-ca.pem"
    assert (lab.address, lab.connection.user) == ("2001:db8::17", ".\\ada")


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="a script for bash")
@pytest.mark.parametrize(
    ("code", "ends", "says"),
    [
        (0, 0, "All hosts are compliant"),
        (2, 0, "something to change"),
        (5, 1, "unreachable"),
        (3, 1, "exit code 3"),
    ],
)
def test_the_ci_script_tells_work_from_failure(
    tmp_path: Path, code: int, ends: int, says: str
) -> None:
    fake = tmp_path / "remediate"
    fake.write_text(f"#!/bin/sh\necho '{{}}'\nexit {code}\n")
    fake.chmod(0o755)
    done = audit(tmp_path, "hosts.yaml", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert done.returncode == ends
    assert says in done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="a script for bash")
def test_the_ci_script_audits_a_fleet(tmp_path: Path) -> None:
    with Lab(make_states(3)) as lab:
        rows = {host.name: {"address": host.address, "port": host.port} for host in lab.hosts}
        inventory = {"defaults": {"user": lab.hosts[0].user, "auth": "basic"}, "hosts": rows}
        (tmp_path / "lab.yaml").write_text(yaml.safe_dump(inventory))
        bin_folder = Path(sys.executable).parent
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        done = audit(tmp_path, "lab.yaml", path, REMEDIATE_PASSWORD=lab.hosts[0].password)
    assert (done.returncode, "something to change" in done.stdout) == (0, True), done.stderr
    assert '"schema_version": 2' in (tmp_path / "report.json").read_text(encoding="utf-8")


def audit(
    folder: Path, inventory: str, path: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    script = EXAMPLES / "ci" / "audit.sh"
    return subprocess.run(
        ["bash", str(script), inventory, "report.json"],  # noqa: S607 - whichever bash there is
        cwd=folder,
        env={**os.environ, "PATH": path, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_no_inventory_of_a_foreign_branch_meets_the_secret_of_the_pipeline() -> None:
    text = (EXAMPLES / "ci" / "github-actions.yaml").read_text(encoding="utf-8")
    pipeline = yaml.safe_load(text)
    assert pipeline[True].keys() == {"schedule", "workflow_dispatch"}, "`on` is true in YAML 1.1"
    conditions = {name: job["if"] for name, job in pipeline["jobs"].items()}
    assert conditions["audit"] == "github.event_name == 'schedule'"
    assert "github.ref_name == github.event.repository.default_branch" in conditions["apply"]
    runs = [run["run"] for job in pipeline["jobs"].values() for run in job["steps"] if "run" in run]
    script = (EXAMPLES / "ci" / "audit.sh").read_text(encoding="utf-8")
    reading = [line for line in [*runs, *script.splitlines()] if " -i " in line]
    assert len(reading) == 2
    assert all("--passwords-only env:REMEDIATE_PASSWORD" in line for line in reading)


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="a script for bash")
def test_the_ci_script_refuses_an_inventory_that_runs_a_program(tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text("hosts: {A: {user: u, password: 'command:touch ran'}}")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = audit(tmp_path, "hosts.yaml", path, REMEDIATE_PASSWORD="x")
    assert (done.returncode, "exit code 64" in done.stderr) == (1, True)
    assert not (tmp_path / "ran").exists()


def test_the_pipeline_is_yaml_and_puts_no_input_into_a_script() -> None:
    text = (EXAMPLES / "ci" / "github-actions.yaml").read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert runs
    assert [run for run in runs if "${{" in run] == []
