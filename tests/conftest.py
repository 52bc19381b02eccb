"""What all tests share."""

import gc
import os
from collections import Counter
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from tests import costs, drawn
from tests.kerberos import kdc

hypothesis.settings.register_profile(  # a machine may have much to do
    "ours", deadline=None, max_examples=50
)
hypothesis.settings.load_profile("ours")

# Else each program that a test starts compiles all of our code anew: containers set this.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A PowerShell that a test starts is not there for long enough to compile its own code better.
os.environ.setdefault("DOTNET_TieredCompilation", "0")

# The settings of whoever runs the tests are none of theirs.
os.environ["XDG_CONFIG_HOME"] = str(Path(__file__).parent / "no-settings")

costs.count()


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> Generator[None, int, int]:
    """One worker more than there are cores where the slow tests run: these wait for programs."""
    number = yield
    return number if config.option.markexpr == "not slow" else number + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, or a worker ends alone with it."""
    items.sort(key=lambda item: item.get_closest_marker("soak") is None)


def pytest_collection_finish() -> None:
    """Tests and modules stay to the end: searches for garbage, which are few, look at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Say with each test what it cost, what was made ready for it included."""
    yield
    item.user_properties.append(("cost", costs.take()))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail when a playbook or a kind costs more than an ordinary run can afford."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is not None and costs.too_many(ordinary(terminal)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def ordinary(terminal: pytest.TerminalReporter) -> dict[str, Counter[str]]:
    """What the tests of an ordinary run cost."""
    reports = terminal.getreports("passed")
    return costs.by_name(report for report in reports if "slow" not in report.keywords)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what playbooks and kinds cost, and loudly what was left out for want of something."""
    cost = ordinary(terminalreporter)
    for line in costs.lines(cost):
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"samples were drawn by {drawn.VARIABLE}={drawn.SEED}")
    for line in costs.too_many(cost):
        terminalreporter.write_line(line, red=True)
    properties = (
        one for each in terminalreporter.getreports("passed") for one in each.user_properties
    )
    told = Counter[str]()
    for name, value in properties:
        if name in {"unkind", "damaging"}:
            told[name] += int(str(value))
        elif name in {"simulation", "soak"}:
            terminalreporter.write_line(f"{name}: {value}")
    if told:
        said = ", ".join(f"{number} on {name} ones" for name, number in sorted(told.items()))
        terminalreporter.write_line(f"stories of forms of a task on practice Windows: {said}")
    skipped = terminalreporter.getreports("skipped")
    without = sum("powershell" in report.keywords for report in skipped)
    if without and find_pwsh() is None:
        terminalreporter.write_sep("!", red=True)
        terminalreporter.write_line(
            f"{without} tests were skipped for want of a PowerShell engine: {HOW_TO_GET_ONE}",
            red=True,
        )
    missing = kdc.wanting()
    tickets = sum("kerberos" in report.keywords for report in skipped)
    if tickets and missing:
        terminalreporter.write_sep("!", red=True)
        terminalreporter.write_line(
            f"{tickets} tests of logons by Kerberos were skipped for want of {missing}: install "
            "krb5-kdc, krb5-admin-server, krb5-user, libkrb5-dev and remediate[kerberos]",
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
