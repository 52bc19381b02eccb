"""An order to stop is for the run that it comes in."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from remediate.cli.interruption import CtrlC


def test_what_is_to_be_heard_again_is_not_heard_after_the_run() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with CtrlC(threading.Event()):
        signal.raise_signal(signal.SIGTERM)  # nobody waits, so it is to be heard again
    try:
        time.sleep(0.2)
    except KeyboardInterrupt:
        pytest.fail("whoever comes next is told to stop")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
def test_who_asks_again_while_all_ends_is_told_nothing_else() -> None:
    program = (
        "from remediate.cli import main, wiring\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever runs tests may not
        "wiring.Parts.close = lambda _: signal.raise_signal(signal.SIGINT)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"import signal\n{program}main()", "--version"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, b"")
