"""What is said is the same in each process, though texts have other hashes there."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr, ValidationError

from remediate.cli.parameters import Parameter
from remediate.diagnose import catalogue
from remediate.diagnose.folding import fold
from remediate.diagnose.matching import Matcher, _tokens
from remediate.engine import judging
from remediate.engine.job import Job, Task
from remediate.engine.observation import Observation
from remediate.engine.planning import PlaybookPlanner
from remediate.model.change import Change
from remediate.model.content import FileEntry, Manifest
from remediate.model.plan import HostFacts
from remediate.model.problem import Problem
from remediate.playbook import Playbook, PlaybookParams
from remediate.resources.base import Query, Resource
from remediate.resources.registry_value import RegistryValue
from remediate.resources.scheduled_task import ScheduledTasks

ROOT = Path(__file__).parents[1]
MANY = [f"name-{number:02}" for number in range(20)]
FOLDERS = [ScheduledTasks(folder=f"\\{name}\\") for name in MANY]


class Params(PlaybookParams):
    names: frozenset[str] = Field(frozenset(MANY), description="of something")


class Asking(Playbook[Params]):
    id = "asking"
    title = "Ask for many things"
    source = "https://example.invalid"

    def observe(self, params: Params) -> list[Query]:
        return [*FOLDERS]


class Mixed(Asking):
    """Made of functions of many files."""


for _name in MANY:
    setattr(Mixed, _name, eval(compile("lambda self: 1", f"{_name}.py", "eval")))  # noqa: S307


class Safe(Resource):
    kind: ClassVar[str] = "safe_of_hash_seeds"
    noun: ClassVar[str] = "safe"
    function: ClassVar[str] = "SafeOfHashSeeds"
    reader: ClassVar[Path] = RegistryValue.reader
    writer: ClassVar[Path] = RegistryValue.reader
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({"shut"})
    secret: ClassVar[frozenset[str]] = frozenset(MANY)

    name: str
    shut: bool


def told() -> Iterator[object]:
    """Some of what might be said of one of many, or of many in some order."""
    changes = [Change.model_construct(playbook=Asking.id)]
    why = {folder: Problem(code="no_time", message=folder.title) for folder in FOLDERS}
    planner = PlaybookPlanner(Job((Task(Asking(), Params()),)))
    yield planner.missing(Observation(HostFacts.model_construct(), {}, why), changes)
    yield judging._place(Mixed(), ValueError())
    paths = [path for name in MANY for path in (name, rf"{name}\below")]
    with pytest.raises(ValidationError) as refused:
        Manifest.of(FileEntry(path=path, size=1, sha256="0" * 64) for path in paths)
    yield refused.value.errors()[0]["msg"]
    yield Parameter(Asking.id, "names", Params.model_fields["names"]).default
    keys = {name: SecretStr(name) for name in MANY}
    yield [*Safe(name="x", shut=False).should(shut=True, **keys).secrets]
    matcher = Matcher(catalogue.load())
    yield [matcher._weight(_tokens(fold(text))) for entry in catalogue.load() for text in entry.en]


@pytest.mark.slow
def test_what_is_said_is_the_same_under_each_hash_seed() -> None:
    program = [sys.executable, "-c", "from tests.test_hash_seeds import told; print(*told())"]
    said = {
        subprocess.check_output(program, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
