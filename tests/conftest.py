"""What all tests share."""

import logging
from collections.abc import Iterable
from pathlib import Path

import pytest
import structlog

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.kinds import names

# structlog prints to stdout until it is configured, which is the command line's business.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


PLAYBOOKS = [path.stem for path in Path(__file__).parent.glob("playbooks/*.yaml")]


def seconds_by_name(reports: Iterable[pytest.TestReport]) -> dict[str, float]:
    """What the cases of each playbook, and what each kind, cost of the time of all workers."""
    found: dict[str, float] = {}
    for report in reports:
        file, _, test = report.nodeid.partition("::")
        if file.startswith(("tests/playbooks/", "tests/conformance/")):
            about = [name for name in PLAYBOOKS if name in test.partition("[")[2]]
            about += [name for name in names() if name in report.nodeid]
            for name in about[:1]:
                found[name] = found.get(name, 0.0) + report.duration
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what playbooks and kinds cost, and loudly what was left out for want of something."""
    costs = seconds_by_name(terminalreporter.getreports("passed"))
    if costs:
        said = ", ".join(f"{name} {seconds:.1f}" for name, seconds in sorted(costs.items()))
        terminalreporter.write_line(f"seconds of all workers: {said}")
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
