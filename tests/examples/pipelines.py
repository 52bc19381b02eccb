"""The scripts of the example pipelines, as their systems would run them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.examples.stories import EXAMPLES

FILES = {
    "github": ("github-actions.yaml", "github-workflows.json"),
    "gitlab": ("gitlab-ci.yaml", "gitlab-ci.json"),
    "azure": ("azure-pipelines.yaml", "azure-pipelines.json"),
}
"""The file of each system, and that of its published schema."""

_EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}|\$\(([\w.]+)\)")


@dataclass(frozen=True, slots=True)
class Step:
    """A script with what it is told.

    Args:
        script: for a shell.
        env: what the pipeline gives it, expressions and all.
        options: of the shell.
        always: it also runs when one before it has failed.
    """

    script: str
    env: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    always: bool = False


def text(system: str) -> str:
    """The pipeline as it is written."""
    return (EXAMPLES / "ci" / FILES[system][0]).read_text(encoding="utf-8")


def read(system: str, written: str = "") -> dict[str, Any]:
    """A pipeline as its system reads it: to Azure DevOps each value is a text.

    Args:
        system: whose.
        written: as it is written; the example's when empty.
    """
    loader = yaml.BaseLoader if system == "azure" else yaml.SafeLoader
    found: dict[Any, Any] = yaml.load(written or text(system), loader)  # noqa: S506 - both are safe
    if True in found:  # `on` is true in YAML 1.1, and GitHub reads 1.2
        found["on"] = found.pop(True)
    return found


def steps(system: str, job: str) -> list[Step]:
    """The scripts of a job, in their order."""
    return list({"github": _github, "gitlab": _gitlab, "azure": _azure}[system](read(system), job))


def _github(pipeline: dict[str, Any], name: str) -> Iterator[Step]:
    job = pipeline["jobs"][name]
    for step in job["steps"]:
        if "run" in step:
            env = {**job.get("env", {}), **step.get("env", {})}
            yield Step(step["run"], env, ("-e",), step.get("if") == "always()")


def _gitlab(pipeline: dict[str, Any], name: str) -> Iterator[Step]:
    job = pipeline[name]
    options = ("-e", "-o", "pipefail")
    yield Step("\n".join(job["script"]), pipeline["variables"], options)
    for script in job.get("after_script", ()):
        yield Step(script, pipeline["variables"], options, always=True)


def _azure(pipeline: dict[str, Any], name: str) -> Iterator[Step]:
    [stage] = (one for one in pipeline["stages"] if one["stage"] == name)
    [job] = stage["jobs"]
    found = job.get("steps") or job["strategy"]["runOnce"]["deploy"]["steps"]
    for step in found:
        if "bash" in step:
            always = step.get("condition") == "always()"
            yield Step(step["bash"], step.get("env", {}), always=always)


def run(
    step: Step, folder: Path, known: Mapping[str, str], env: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    """Run a script as its system would.

    Args:
        step: the script.
        folder: where.
        known: what the expressions of the pipeline mean.
        env: what the system gives each script.
    """

    def meant(found: re.Match[str]) -> str:
        return known[found[1] or found[2]]

    given = {name: _EXPRESSION.sub(meant, value) for name, value in step.env.items()}
    script = folder / ".step.sh"
    script.write_text(step.script)
    return subprocess.run(
        ["bash", "--noprofile", "--norc", *step.options, str(script)],  # noqa: S607 - any bash
        cwd=folder,
        env={**os.environ, **given, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def programs(folder: Path) -> str:
    """A path with this remediate, and a `gh` and a `curl` that only write down what they get."""
    for name in ("gh", "curl"):
        fake = folder / name
        fake.write_text('#!/bin/sh\n{ echo "$0 $*"; cat; } >> "$SENT"\n')
        fake.chmod(0o755)
    return os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
