"""One engine process for all tests of the stand-in commands, and a host of one's own in it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from psrpcore import types

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.hosts import make_state
from remediate.lab.state import HostState

FOLDER = "\\Microsoft\\OnlineBackup\\"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs an engine is skipped without one, and says how to get it."""
    skip = pytest.mark.skip(reason=f"no PowerShell engine: {HOW_TO_GET_ONE}")
    for item in items:
        if item.get_closest_marker("powershell") and find_pwsh() is None:
            item.add_marker(skip)


@dataclass
class Engine:
    """A process that becomes one host after the other."""

    runner: asyncio.Runner
    pool: Any
    process: Any


@dataclass
class Windows:
    """A stand-in host that scripts can be run on.

    Args:
        host: its files.
        play: runs a script with parameters.
    """

    host: Any
    play: Callable[..., Any]

    @property
    def state(self) -> HostState:
        return self.host.state

    def run(self, script: str, **parameters: object) -> list[Any]:
        """What a script puts out; it must not fail."""
        result = self.play(script, parameters)
        assert [str(error) for error in result.errors] == []
        self.host.read()
        return list(result.output)

    def fail(self, script: str, **parameters: object) -> types.ErrorRecord:
        """The one error of a script."""
        result = self.play(script, parameters)
        self.host.read()
        [error] = result.errors
        return error


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    from remediate.lab.engines.pool import EnginePool

    program = find_pwsh()
    assert program
    with asyncio.Runner() as runner:

        async def start() -> Engine:
            pool = EnginePool(program, tmp_path_factory.mktemp("engine"), ready=0, lasting=True)
            return Engine(runner, pool, await pool.take({}))

        engine = runner.run(start())
        yield engine
        runner.run(engine.pool.close())


@pytest.fixture
def windows(engine: Engine, tmp_path: Path) -> Iterator[Callable[..., Windows]]:
    """Make a host out of a state, an ordinary one when none is given."""
    from remediate.lab.engines.warm_up import EngineSession
    from remediate.lab.engines.windows_host import WindowsHost

    sessions: list[EngineSession] = []

    def close() -> None:
        while sessions:
            engine.runner.run(sessions.pop().close())

    def make(state: HostState | None = None) -> Windows:
        folder = tmp_path / f"host-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        host = WindowsHost(state or make_state(), folder)

        async def session() -> EngineSession:
            await engine.pool._become(engine.process, host.variables())
            session = EngineSession(engine.process)
            await session.open()
            return session

        close()
        opened = engine.runner.run(session())
        sessions.append(opened)

        def play(script: str, parameters: dict[str, object]) -> object:
            return engine.runner.run(opened.run(script, parameters))

        return Windows(host, play)

    yield make
    close()
