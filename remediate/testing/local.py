"""PowerShell on this machine for tests: a host in memory takes the machine's place."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from remediate.lab.engines.simulated import simulated_program
from remediate.lab.state import HostState
from remediate.powershell.program import WHOLE
from remediate.transport.process import Ran
from remediate.transport.protocol import Deadline


def without_seal(secret: str) -> str:
    """A secret as `ConvertTo-SecureString` takes it, where nothing seals it."""
    return secret.encode("utf-16-le").hex()


@dataclass(frozen=True)
class Death:
    """How a program ends before it has told anything.

    Args:
        acts: it has done what it was asked.
        late: it was ended because its time was up.
        begun: its input had reached it whole.
    """

    acts: bool
    late: bool = False
    begun: bool = True


@dataclass
class MemoryPowerShell:
    """Runs what the loader is given on a host in memory.

    Args:
        state: the host.
        dies: asked before each program with its number, from 1; None when all goes well.
        given: the standard input of each program so far.
    """

    state: HostState
    dies: Callable[[int], Death | None] = lambda _: None
    given: list[bytes] = field(default_factory=list)

    def run(self, given: bytes, deadline: Deadline, most: int) -> Ran:
        """Run one to its end; see the protocol."""
        self.given.append(given)
        death = self.dies(len(self.given))
        if death is not None and not death.acts:
            return _dead(death, most)
        ran = Ran(most, begun=given.endswith(f"\n{WHOLE}\n".encode()))

        async def program() -> int:
            async with asyncio.timeout(deadline.left):
                return await simulated_program(self.state)("", given, ran.stdout.extend)

        try:
            ran.exit_code = asyncio.run(program())
        except TimeoutError:
            ran.late = True
        return ran if death is None else _dead(death, most)

    def seal(self, secret: str) -> str:
        """A secret in its form, without a seal; see the protocol."""
        return without_seal(secret)


def _dead(death: Death, most: int) -> Ran:
    return Ran(most, begun=death.begun, late=death.late, exit_code=0 if death.late else 1)
