"""The stories in examples: their commands are run on a practice host, their output is compared.

A story is Markdown with blocks of ```console: a line that begins with `$ ` is a command, what
follows is what it printed. Its practice host is `examples/states/<story>.json`. Ids of runs, and
digests of plans, are those of the capture; in a command that is new, write RUN for the one before.
"""

import io
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from remediate import __version__
from remediate.cli.app import run
from remediate.cli.wiring import operator
from remediate.lab.engines.simulated import simulated_backend_factory
from remediate.lab.hosts import load
from remediate.lab.kinds import everything
from remediate.lab.lab import EngineFactory, Lab
from remediate.lab.state import HostState
from remediate.resources.base import resource_type

EXAMPLES = Path(__file__).parents[2] / "examples"
STATES = EXAMPLES / "states"
INVENTORY = "lab.yaml"
_BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_RUN = re.compile(r"\b(?:\d{8}-\d{6}-[0-9a-f]{4}|sha256:[0-9a-f]{64})\b")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?: UTC|Z|[+-]\d\d:\d\d)?")
_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
_OPERATOR = "ada@bastion"
_STORE = "/home/ada/.local/share/remediate/runs.db"


@dataclass(frozen=True)
class Told:
    """A story that was run.

    Args:
        text: with the output of now.
        undone: the hosts' resources are as they were at the start, but for what moves by itself.
        left: leases and shells that were left behind.
    """

    text: str
    undone: bool
    left: bool


def stories() -> list[Path]:
    """All of them; README is their list."""
    return sorted(path for path in EXAMPLES.glob("*.md") if path.name != "README.md")


def tell(story: Path, engine: EngineFactory = simulated_backend_factory) -> Told:
    """Run the commands of a story on its practice host."""
    states = load(STATES / f"{story.stem}.json")
    before = [_lasting(state) for state in states]
    with Lab(states, engine=engine) as lab, _surroundings(lab):
        text = _retold(story.read_text(encoding="utf-8"))
        leaks = [host.leaks() for host in lab.hosts]
    return Told(
        text=text,
        undone=[_lasting(state) for state in states] == before,
        left=any(leaks) or any(state.lease for state in states),
    )


def _lasting(state: HostState) -> list[object]:
    """A host's resources without what moves by itself, such as the process of a service."""
    found: list[object] = []
    for kind, records in sorted(everything(state).items()):
        known = resource_type(kind)
        resources = [known.model_validate(record) for record in records]
        found += [(str(one.resource_id), one.compared()) for one in resources]
    return found


def settled(text: str) -> str:
    """A story without what differs from run to run, or from version to version."""
    text = text.replace(f"remediate {__version__}", "remediate VERSION")
    return _PORT.sub("PORT", _MOMENT.sub("MOMENT", _RUN.sub("RUN", text)))


def _retold(text: str) -> str:
    runs: dict[str, str] = {}  # id or digest in the text → that of now

    def block(match: re.Match[str]) -> str:
        printed = "".join(_printed(match[0], runs))
        now = _RUN.findall(printed)
        runs.update(zip(_RUN.findall(match[0]) or now, now, strict=False))
        return printed

    return _BLOCK.sub(block, text)


def _printed(block: str, runs: dict[str, str]) -> Iterator[str]:
    """Each command of a block, and what it prints now."""
    code = 0
    for line in block.splitlines():
        if not line.startswith("$ "):
            continue
        command = _RUN.sub(lambda match: runs.get(match[0], match[0]), line[2:])
        command = re.sub(r"\bRUN\b", next(reversed(runs.values()), "RUN"), command)
        yield f"$ {command}\n"
        if command == "echo $?":
            yield f"{code}\n"
            continue
        program, *arguments = shlex.split(command)
        if program != "remediate":
            raise ValueError(f"a story runs remediate, not {command!r}")
        output = io.StringIO()
        with redirect_stdout(output), redirect_stderr(output):
            code = run(arguments)
        told = output.getvalue().replace(operator(), _OPERATOR)
        yield told.replace(os.environ["REMEDIATE_STORE"], _STORE)


@contextmanager
def _surroundings(lab: Lab) -> Iterator[None]:
    """An inventory that names the practice hosts, and a store, in a folder of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        stack.enter_context(chdir(folder))
        rows = [
            f"  {host.name}: {{address: {host.address}, port: {host.port}}}" for host in lab.hosts
        ]
        head = f"defaults: {{user: {lab.hosts[0].user}}}\nhosts:\n"
        Path(INVENTORY).write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
        values = {
            "REMEDIATE_PASSWORD": lab.hosts[0].password,
            "REMEDIATE_STORE": str(folder / "runs.db"),
            "COLUMNS": "100",
        }
        saved = {name: os.environ.get(name) for name in values}
        os.environ.update(values)
        try:
            yield
        finally:
            for name, value in saved.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
