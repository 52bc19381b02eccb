"""`python -m remediate.cli.worker`: a process that works on hosts for the command that started it.

Nobody else starts it: all that it is to do comes over its standard input, and ends with that.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

# before anything that takes its time: orders to stop are for the process that a person has
# started, and systems send them to all that belong to a job; when that process ends, this does
for _order in ("SIGINT", "SIGTERM", "SIGHUP"):
    if hasattr(signal, _order):  # Windows has no SIGHUP
        signal.signal(getattr(signal, _order), signal.SIG_IGN)


def main() -> None:
    """Work until the input ends, or says so; then all ends at once, as what is under way is lost.

    Whoever has started this is told by the exit code, and by what is logged.
    """
    from remediate.cli.garbage import collect_seldom, keep_what_is_there
    from remediate.cli.logs import start_logging
    from remediate.engine.elsewhere.member import Learning, Member
    from remediate.engine.elsewhere.messages import Begin, Logged, to_member
    from remediate.runner import Loop
    from remediate.runner.processes import Pipe
    from remediate.transport.chosen import ChosenTransport
    from remediate.transport.dialing import most_at_once

    pipe = Pipe(*_taken())
    redaction = Learning(pipe)

    def log(line: str) -> None:
        pipe.send(Logged(line=redaction(line)))

    def listen() -> None:
        with _ending(log):
            member.listen()

    with _ending(log):
        begin = next((to_member(message) for message in pipe), None)
        if not isinstance(begin, Begin):
            return
        redaction.typed(*begin.names)
        start_logging(redaction, log, debug=begin.debug)
        member = Member(
            pipe,
            begin,
            redaction,
            lambda secrets, gate: ChosenTransport(secrets, gate=gate),
            lambda ahead: Loop(begin.workers, ahead, most_at_once()),
        )
        collect_seldom()
        keep_what_is_there()
        threading.Thread(target=listen, name="listening").start()
        member.work()


@contextmanager
def _ending(log: Callable[[str], None]) -> Iterator[None]:
    """Whatever ends ends all."""
    from remediate.runner.processes import PipeError

    code = 1
    try:
        yield
        code = 0
    except PipeError:
        pass  # nobody is there who could be told
    except BaseException as error:  # noqa: BLE001 - a thread must not end alone
        with suppress(PipeError):
            log(f"a process that works on hosts ends: {type(error).__name__}: {error}")
    finally:
        os._exit(code)


def _taken() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output, which are nobody else's from now on: a playbook may print."""
    reading, writing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for taken in (0, 1, 2):
        os.dup2(nothing, taken)
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb")


if __name__ == "__main__":
    main()
