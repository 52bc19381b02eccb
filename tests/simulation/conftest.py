"""The line that says how many fleets were tried, and how quickly."""

from typing import Any

RATE = "simulation"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == RATE:
                terminalreporter.write_line(f"{name}: {value}")
