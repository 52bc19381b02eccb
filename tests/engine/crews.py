"""Other processes for tests: each is two threads of this one, at both ends of real pipes."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import SecretStr

from remediate.engine.elsewhere.crew import Crew
from remediate.engine.elsewhere.member import Learning, MakeTransport, Member
from remediate.engine.elsewhere.messages import Begin, to_member
from remediate.engine.elsewhere.service import Shared
from remediate.model.base import Model
from remediate.model.host import Host
from remediate.redaction import Redaction
from remediate.runner import Loop
from remediate.runner.processes import Pipe, PipeError
from remediate.transport.gate import Gate

PATIENT = 30


class Threaded:
    """One that is no process, but can be killed like one."""

    def __init__(
        self,
        make_transport: MakeTransport,
        heard: Callable[[dict[str, Any]], None],
        ended: Callable[[str], None],
    ) -> None:
        (there, out), (back, self._back) = os.pipe(), os.pipe()
        self._pipe = Pipe(os.fdopen(back, "rb"), os.fdopen(out, "wb"))
        self._theirs = Pipe(os.fdopen(there, "rb"), os.fdopen(self._back, "wb"))
        self._heard, self._ended, self._make = heard, ended, make_transport
        self.how = "ended with exit code 0"
        self.messages: list[dict[str, Any]] = []
        self._threads = [
            threading.Thread(target=each, daemon=True) for each in (self._listen, self._work)
        ]
        for thread in self._threads:
            thread.start()

    def send(self, *messages: Model) -> None:
        self._pipe.send(*messages)

    def post(self, *messages: Model) -> None:
        self._pipe.post(*messages)

    def kill(self) -> None:
        """Nothing comes of it any more, and nothing is heard there."""
        self.how = "ended by signal 9"
        self._pipe.close()
        self._theirs.close()

    def close(self) -> None:
        self._pipe.close()
        for thread in self._threads:
            thread.join(PATIENT)
            assert not thread.is_alive()

    def _listen(self) -> None:
        for message in self._pipe:
            self.messages.append(message)
            self._heard(message)
        self._pipe.forget()
        self._ended(self.how)

    def _work(self) -> None:
        redaction = Learning(self._theirs)
        begin = next(map(to_member, self._theirs), None)
        if not isinstance(begin, Begin):  # there was nothing to do
            self._theirs.forget()
            return
        workers = begin.workers
        member = Member(
            self._theirs, begin, redaction, self._make, lambda ahead: Loop(workers, ahead)
        )
        listening = threading.Thread(target=member.listen, daemon=True)
        listening.start()
        with suppress(PipeError):
            member.work()
        self._theirs.close()
        self._pipe.close()
        listening.join(PATIENT)
        self._theirs.forget()


class Started:
    """Two of them, which share what they are given.

    Args:
        make_transport: makes what each talks to hosts with.
        secret: of every host.
    """

    def __init__(self, make_transport: MakeTransport, secret: str = "") -> None:
        self.others: list[Threaded] = []
        self.redaction = Redaction()
        self.lines: list[str] = []

        def start(*heard: Any) -> Threaded:
            self.others.append(Threaded(make_transport, *heard))
            return self.others[-1]

        def secret_for(_: Host) -> SecretStr:
            return SecretStr(secret)

        shared = Shared(start, secret_for, Gate(), self.redaction, self.lines.append)
        self.crew = Crew(2, 8, shared)
        self.crew.start()
