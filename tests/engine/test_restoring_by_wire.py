"""module-restore over real connections that break while a few megabytes are on their way."""

import random
from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.kinds.agent_module import installed, practice_files
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step, When
from remediate.model.outcome import Outcome
from remediate.model.run import RunKind
from remediate.testing.transport import Recorder
from remediate.transport.psrp import PsrpTransport
from tests.engine.restoring import Restoring, host_state

BIG = random.Random(0).randbytes(3_000_000)  # noqa: S311 - no secret
FILES = {**practice_files(), "big.dll": BIG}


class Wired(Restoring):
    """The same with the hosts of a lab."""

    def __init__(self, lab: Lab) -> None:
        target, peer = lab.hosts
        super().__init__(target.state, peer.state)
        self.host, self.other = target.target(), peer.target()
        password = SecretStr(target.password)
        self.recorder = Recorder(PsrpTransport(lambda _: password, pause=lambda _: None))
        self.transport.requests = self.recorder.requests

    def go(self) -> Outcome:
        """One apply over the wire."""
        engine = Engine(
            self.recorder,
            Settings(operator="ada@bastion", timeout=60),
            self.store,
            peer=lambda _: self.other,
        )
        [report] = engine.apply([self.host], self.job, self._run(RunKind.APPLY))
        return report.outcome


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setattr("remediate.engine.writing.RECOVERY_PAUSES", (0.0, 0.01))
    with Lab([host_state("SRV01", None), host_state("SRV02", dict(FILES))]) as lab:
        yield lab
        for host in lab.hosts:
            assert host.leaks().shells == ()


@pytest.mark.slow
@pytest.mark.parametrize("when", list(When))
@pytest.mark.parametrize(
    ("host", "kind", "nth"),
    [
        ("SRV01", Step.SEND, 2),  # in the middle of the first request with files
        # as the second one begins, and as the peer is read the third time
        ("SRV01", Step.COMMAND, 4),
        ("SRV02", Step.COMMAND, 4),
    ],
)
def test_a_connection_that_breaks_costs_only_what_had_not_arrived(
    lab: Lab, host: str, kind: Step, nth: int, when: When
) -> None:
    wired = Wired(lab)
    lab.faults = (Fault(match=kind, nth=nth, do=Action.DROP, when=when, host=host),)
    assert wired.go() is Outcome.FAILED_UNCHANGED
    assert wired.module["installed"] is None
    arrived = wired.arrived()
    before = wired.bytes_sent()
    lab.faults = ()
    assert wired.go() is Outcome.CHANGED
    assert wired.module["installed"] == installed(FILES)
    assert wired.bytes_sent() - before == sum(map(len, FILES.values())) - arrived
