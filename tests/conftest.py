"""What all tests share."""

import logging

import pytest
import structlog

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh

# structlog prints to stdout until it is configured, which is the command line's business.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was left out for want of an engine or of a second user."""
    skipped = terminalreporter.getreports("skipped")
    without = sum("powershell" in report.keywords for report in skipped)
    if without and find_pwsh() is None:
        terminalreporter.write_sep("!", red=True)
        terminalreporter.write_line(
            f"{without} tests were skipped for want of a PowerShell engine: {HOW_TO_GET_ONE}",
            red=True,
        )
    alone = sum("second_user" in report.keywords for report in skipped)
    if alone:
        terminalreporter.write_sep("!", red=True)
        terminalreporter.write_line(
            f"{alone} tests of what another user of this machine can do were skipped: "
            "only root can act as one",
            red=True,
        )
