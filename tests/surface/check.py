"""Runs all rules over files, each file by itself or all as one script."""

from collections.abc import Sequence
from pathlib import Path

from tests.surface import (
    rules_cim,
    rules_commands,
    rules_desktop,
    rules_files,
    rules_language,
    rules_limits,
    rules_reader,
    rules_types,
)
from tests.surface.binding import own_functions
from tests.surface.findings import Finding, Findings
from tests.surface.inference import Inference
from tests.surface.tree import ROOT, Script, parse


def sent_files() -> list[Path]:
    """Every file that is sent to a host, and the lab's stand-ins, which only have to parse."""
    scripts = {*ROOT.glob("remediate/**/*.ps1"), *ROOT.glob("playbooks/**/*.ps1")}
    of_lab = {*ROOT.glob("remediate/lab/**/*.ps1")}
    return sorted(scripts - of_lab | {*ROOT.glob("remediate/lab/windows/**/*.psm1")})


def check_scripts(scripts: Sequence[Script]) -> list[Finding]:
    """The findings of scripts that run together: a function of one is known to the others."""
    functions = own_functions([*scripts])
    inference = Inference(functions)
    found: list[Finding] = []
    for script in scripts:
        findings = Findings(script)
        rules_language.check(findings)
        rules_commands.check(findings, functions)
        rules_types.check(findings, inference)
        rules_files.check(findings)
        rules_desktop.check(findings, functions)
        rules_cim.check(findings, inference)
        rules_limits.check(findings, functions)
        rules_reader.check(findings, functions)
        found += findings.result()
    return sorted(found)


def check_files(files: Sequence[Path], pwsh: Path) -> list[Finding]:
    """Parses files with an engine and checks them as one script."""
    return check_scripts(parse(files, pwsh)) if files else []
