"""The surface check finds each kind of mistake at its line, and none in good code."""

import json
import re
from pathlib import Path

import pytest

from tests.surface.__main__ import main
from tests.surface.check import check_scripts, sent_files
from tests.surface.findings import RULES, Finding
from tests.surface.tree import HERE, HOW_TO_GET_ONE, Script, find_pwsh, parse
from tests.surface.windows import versions

BAD = sorted((HERE / "bad").glob("*.ps1"))
GOOD = sorted((HERE / "good").glob("*.ps1"))
ALL = tuple(version.id for version in versions())
EXPECT = re.compile(r"# expect: (.*)")
RULE = re.compile(r"([a-z-]+)(?: \[([^\]]*)\])?")

needs_engine = pytest.mark.powershell


@pytest.fixture(scope="module")
def engine() -> Path:
    pwsh = find_pwsh()
    if pwsh is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    return pwsh


@pytest.fixture(scope="module")
def trees(engine: Path) -> dict[Path, Script]:
    """All samples and all that is sent to a host, parsed once."""
    files = [*BAD, *GOOD, *sent_files()]
    return dict(zip(files, parse(files, engine), strict=True))


def expected(path: Path) -> set[tuple[int, str, tuple[str, ...]]]:
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        marked = EXPECT.search(line)
        for rule, where in RULE.findall(marked[1]) if marked else ():
            found.add((number, rule, tuple(where.split(", ")) if where else ALL))
    return found


def lines(findings: list[Finding]) -> set[tuple[int, str, tuple[str, ...]]]:
    return {(f.line, f.rule, f.versions) for f in findings}


@needs_engine
@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_mistake_is_reported_at_its_line_and_for_its_versions(
    path: Path, trees: dict[Path, Script]
) -> None:
    assert expected(path) == lines(check_scripts([trees[path]]))


@needs_engine
@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_code_has_no_findings(path: Path, trees: dict[Path, Script]) -> None:
    assert check_scripts([trees[path]]) == []


@needs_engine
def test_what_is_sent_to_a_host_has_no_findings(trees: dict[Path, Script]) -> None:
    found = check_scripts([trees[path] for path in sent_files()])
    assert [finding.text(HERE.parent.parent) for finding in found] == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_bad_sample_of_its_own(rule: str) -> None:
    [sample] = [path for path in BAD if path.name.partition(".")[0] == rule]
    assert rule in {found for _, found, _ in expected(sample)}


@needs_engine
def test_the_command_reports_findings_and_a_line_for_each_windows(
    engine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(HERE / "bad" / "command.ps1")]) == 1
    report = capsys.readouterr().out
    assert (
        "tests/surface/bad/command.ps1:4: command: Get-TimeZone does not exist [ws2012r2]" in report
    )
    assert all(version.title in report for version in versions())


@needs_engine
def test_the_command_can_answer_in_json(engine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--format", "json", str(HERE / "bad" / "alias.ps1")]) == 1
    assert {"alias"} == {finding["rule"] for finding in json.loads(capsys.readouterr().out)}


@needs_engine
def test_the_command_is_content_with_good_code(
    engine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(GOOD[0])]) == 0
    assert "no findings" in capsys.readouterr().out


def test_without_an_engine_the_command_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMEDIATE_PWSH", "/does/not/exist")
    assert main([]) == 2
    assert "REMEDIATE_PWSH" in capsys.readouterr().err
