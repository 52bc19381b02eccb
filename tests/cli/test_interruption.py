"""An order to stop is for the run that it comes in."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from remediate.cli import main
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


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system knows no SIGHUP")
@pytest.mark.parametrize("ignored", [False, True], ids=["", "nohup"])
def test_a_terminal_that_goes_away_is_an_order_once_and_none_under_nohup(ignored: bool) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        heard = 0
        stop = CtrlC(pressed := threading.Event())
        with stop:
            try:
                next(stop.during(map(signal.raise_signal, [signal.SIGHUP])))
            except KeyboardInterrupt:
                heard += 1
            signal.raise_signal(signal.SIGHUP)
            time.sleep(0.2)
        assert (heard, pressed.is_set()) == ((0, False) if ignored else (1, True))
    finally:
        signal.signal(signal.SIGHUP, before)


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


def test_who_presses_ctrl_c_before_there_is_a_command_gets_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pressed() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("remediate.cli.output.fill_in", pressed)
    monkeypatch.setattr("os._exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
