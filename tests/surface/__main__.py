"""The surface and syntax check: does our PowerShell use only what every Windows has?

Run as: python -m tests.surface [--format json] [FILE ...]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.surface.check import check_files, sent_files
from tests.surface.findings import RULES, Finding
from tests.surface.tree import HOW_TO_GET_ONE, ROOT, find_pwsh
from tests.surface.windows import versions


def _report(files: Sequence[Path], found: Sequence[Finding]) -> str:
    """The findings, then one line per Windows version."""
    lines = [finding.text(ROOT) for finding in found]
    if lines:
        lines.append("")
    lines.append(f"files checked: {len(files)}")
    width = max(len(version.title) for version in versions())
    for version in versions():
        count = sum(version.id in finding.versions for finding in found)
        verdict = "no findings" if not count else f"{count} finding{'s' * (count != 1)}"
        lines.append(f"{version.title:{width}}  {verdict}  [{version.id}]")
    return "\n".join(lines)


def _json(found: Sequence[Finding]) -> str:
    data = [
        {
            "path": f.path.as_posix(),
            "line": f.line,
            "rule": f.rule,
            "what": f.what,
            "versions": f.versions,
        }
        for f in found
    ]
    return json.dumps(data, indent=2)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Checks files and prints a report; 1 if there are findings, 2 without an engine."""
    parser = argparse.ArgumentParser(prog="python -m tests.surface", description=__doc__)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument("--rules", action="store_true", help="print the rules and leave")
    parser.add_argument("files", nargs="*", type=Path, help="default: all that is sent to a host")
    options = parser.parse_args(arguments)
    if options.rules:
        _say("\n".join(f"{rule:18} {text}" for rule, text in RULES.items()))
        return 0
    pwsh = find_pwsh()
    if pwsh is None:
        sys.stderr.write(f"no PowerShell engine: {HOW_TO_GET_ONE}\n")
        return 2
    files = [path.resolve() for path in options.files] or sent_files()
    found = check_files(files, pwsh)
    _say(_json(found) if options.format == "json" else _report(files, found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
