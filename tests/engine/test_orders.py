"""A unit of work is data: another process can carry it out, playbooks and all."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Job, Settings, Task
from remediate.engine.order import Order
from remediate.lab.kinds import put
from remediate.lab.state import HostState, Record
from remediate.model.host import Host
from remediate.model.outcome import HostReport
from remediate.model.run import Run, RunKind
from remediate.playbook.catalogue import Catalogue
from remediate.playbook.loader import PlaybookError, PlaybookFile
from remediate.runner import Runner, Serial
from remediate.runner.protocol import Work
from remediate.testing.store import MemoryStore
from remediate.testing.transport import MemoryTransport, Trouble
from remediate.transport.errors import ConnectionLost

HOST = Host(name="SRV01", address="srv01", port=5985)
ROOT = Path(__file__).parents[2]
WORD = "a-long-enough-word"
PLAYBOOK = f'''
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from remediate.playbook import Playbook, PlaybookParams
from remediate.resources.base import Query, Resource


class Jar(Resource):
    kind: ClassVar[str] = "jar"
    noun: ClassVar[str] = "jar"
    function: ClassVar[str] = "Jar"
    reader: ClassVar[Path] = Path(__file__).with_suffix(".read.ps1")
    writer: ClassVar[Path] = Path(__file__).with_suffix(".write.ps1")
    identity: ClassVar[tuple[str, ...]] = ("name",)
    settable: ClassVar[frozenset[str]] = frozenset({{"lid"}})

    name: str
    lid: str

    @classmethod
    def query(cls, key):
        return Jars(name=key["name"])


class Jars(Query):
    resource: ClassVar[type[Resource]] = Jar
    name: str


class Params(PlaybookParams):
    word: SecretStr = Field(description="The word that closes it")


class CloseJar(Playbook[Params]):
    """Close it."""

    id = "close-jar"
    title = "Close the jar"
    source = "https://example.com/jars"

    def observe(self, params):
        return [Jars(name="honey")]

    def decide(self, seen, params):
        if params.word.get_secret_value() != {WORD!r}:
            raise ValueError("the word is another")
        yield seen.one(Jar).should(lid="closed")
'''


class Pickling:
    """Carries orders out here, and keeps what another process would get."""

    def __init__(self, state: HostState) -> None:
        self.state = state
        self.kept: list[tuple[bytes, Record]] = []

    def run(
        self,
        items: Sequence[Order],
        work: Work[Order, HostReport],
        skip: Callable[[Order], HostReport],
        *_: object,
    ) -> Iterator[tuple[Order, HostReport]]:
        """See `Runner`."""
        found = copy.deepcopy(self.state.windows)
        self.kept += [(pickle.dumps(order), found) for order in items]
        yield from Serial().run(items, work, skip)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("playbooks")
    (folder / "close_jar.py").write_text(PLAYBOOK)
    for end in (".read.ps1", ".write.ps1"):
        (folder / f"close_jar{end}").write_text("")
    return folder


@pytest.fixture(scope="module")
def job(folder: Path) -> Job:
    playbook = Catalogue([folder]).load("close-jar")
    return Job((Task(playbook, playbook.params(word=SecretStr(WORD))),))


def run_of(name: str, job: Job, undoes: str | None = None) -> Run:
    kind = RunKind.ROLLBACK if undoes else RunKind.APPLY
    started = datetime(2026, 1, 1, tzinfo=UTC)
    return Run(
        id=name, kind=kind, playbooks=job.uses, operator="ada@here", started=started, undoes=undoes
    )


def test_every_verb_is_carried_out_by_another_process(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first order has no playbook in it, and its resource is defined in one all the same."""
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0,))
    state = HostState("SRV01")
    put(state, {"jar": [{"name": "honey", "lid": "open"}]})
    store, troubles = MemoryStore(), dict[int, Trouble]()
    transport = MemoryTransport({HOST.address: state}, troubles.get)
    runner = Pickling(state)
    as_runner: Runner = runner  # type: ignore[assignment] - of orders only
    engine = Engine(transport, Settings(operator="ada@here"), store, runner=as_runner)
    one, two = run_of("one", job), run_of("two", job, undoes="one")

    troubles.update(dict.fromkeys(range(2, 9), Trouble(ConnectionLost, -1)))
    verbs = ["apply"]
    outcomes = [report.outcome for report in engine.apply([HOST], job, one)]
    troubles.clear()
    for verb, reports in (
        ("reconcile", lambda: (report for _, report in engine.reconcile())),
        (
            "rollback --dry-run",
            lambda: engine.rollback(store.run("one"), two, job=job, dry_run=True),
        ),
        ("rollback", lambda: engine.rollback(store.run("one"), two, job=job)),
        ("audit", lambda: engine.audit([HOST], job)),
        ("check", lambda: engine.check([HOST])),
        ("locks", lambda: engine.locks([HOST])),
    ):
        verbs.append(verb)
        outcomes += [report.outcome for report in reports()]
    assert dict(zip(verbs, outcomes, strict=True)) == {
        "apply": "indeterminate",
        "reconcile": "changed",
        "rollback --dry-run": "would_change",
        "rollback": "changed",
        "audit": "would_change",
        "check": "compliant",
        "locks": "compliant",
    }

    runs = [two if verb == "rollback" else one for verb in verbs]
    tasks = [(order, run, found) for (order, found), run in zip(runner.kept, runs, strict=True)]
    tasks.append(tasks.pop(0))
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.elsewhere"],
        input=pickle.dumps(tasks),
        stdout=subprocess.PIPE,
        check=True,
        cwd=ROOT,
        timeout=60,
    )
    assert done.stdout.decode().splitlines() == [
        "reconcile changed closed",
        "audit would_change closed",
        "apply changed open",
        "audit would_change open",
        "audit compliant open",
        "locks compliant open",
        "apply changed closed",
    ]


def test_orders_of_many_hosts_have_their_playbooks_once(job: Job) -> None:
    state = HostState("SRV01")
    taken: list[Order] = []

    class Taking(Pickling):
        def run(self, items: Sequence[Order], *_: object) -> Iterator[tuple[Order, HostReport]]:
            taken.extend(items)
            yield from ()

    runner: Runner = Taking(state)  # type: ignore[assignment] - of orders only
    engine = Engine(MemoryTransport({}), Settings(operator="ada@here"), runner=runner)
    hosts = [HOST.model_copy(update={"name": f"SRV{number}"}) for number in range(100)]
    assert list(engine.audit(hosts, job)) == []
    assert pickle.dumps(taken).count(b"Close the jar") == 1


def test_a_file_runs_again_as_the_text_that_was_read(folder: Path, job: Job) -> None:
    """What lies there now does not count."""
    [task] = job.tasks
    path = folder / "close_jar.py"
    file = PlaybookFile.read(path)
    path.write_text("raise SystemExit")
    again = pickle.loads(pickle.dumps(file))  # noqa: S301 - our own
    assert again == file
    assert type(again.playbook("CloseJar")) is type(task.playbook)


def test_a_file_that_cannot_run_elsewhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.py"
    path.write_text("import no_such_package\n")
    text = pickle.dumps(PlaybookFile.read(path))
    with pytest.raises(PlaybookError, match=r"broken\.py:1: No module named"):
        pickle.loads(text)  # noqa: S301 - our own
