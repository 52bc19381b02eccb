"""What playbooks and kinds cost is counted, and too much of it fails the run."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import costs


def report(test: str, **cost: int) -> pytest.TestReport:
    properties = [("cost", cost)]
    return pytest.TestReport(
        test, ("", None, ""), {}, "passed", None, "call", duration=0.5, user_properties=properties
    )


def test_each_test_is_added_to_its_playbook_or_kind() -> None:
    found = costs.by_name(
        [
            report("tests/playbooks/test_contract.py::test_a[schedule-fix/one]", stories=3),
            report("tests/conformance/test_conformance.py::test_b[schedule-fix/one]", pipelines=9),
            report("tests/conformance/test_kinds.py::test_c[service-Get]", interpreters=1),
            report("tests/engine/test_engine.py::test_d[schedule-fix]", stories=1),
        ]
    )
    assert costs.lines(found) == [
        "schedule-fix: 1.0 s, 3 stories, 9 pipelines, 0 interpreters",
        "service: 0.5 s, 0 stories, 0 pipelines, 1 interpreters",
    ]


def test_more_than_the_most_is_too_many() -> None:
    most = costs.MOST["stories"]
    assert costs.too_many({"service": {"stories": most}}) == []
    [said] = costs.too_many({"service": {"stories": most + 1}})
    assert said.startswith(f"service costs {most + 1} stories, more than {most}")


@pytest.mark.slow
def test_a_run_that_costs_too_much_fails(tmp_path: Path) -> None:
    """Though each of its tests has passed."""
    (tmp_path / "too_much.py").write_text(
        "from tests import costs\ncosts.MOST['stories'] = 0\npytest_plugins = []\n"
    )
    words = ["-q", "-n", "0", "-p", "too_much", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *words,
            "tests/playbooks",
            "-k",
            "every_case and schedule-fix",
        ],
        cwd=Path(__file__).parents[1],
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert " passed" in done.stdout, done.stdout
    assert " failed" not in done.stdout, done.stdout
    assert done.returncode == 1
    assert "schedule-fix costs" in done.stdout
