"""The lines that say what garbled conversations came to."""

from collections import Counter

import pytest

PREFIX = "both wires: "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = Counter[str]()
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name.startswith(PREFIX):
                counts[name.removeprefix(PREFIX)] += int(value)
    if counts:
        terminalreporter.write_line(f"garbled conversations, by both wires: {counts.total()}")
    for name, count in counts.most_common():
        terminalreporter.write_line(f"  {count}: {name}")
