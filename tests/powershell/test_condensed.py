"""What is left out of a script is nothing to PowerShell; an engine is asked."""

import json
import subprocess
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from remediate.powershell.condensed import condensed
from tests.surface.check import sent_files
from tests.surface.tree import HOW_TO_GET_ONE, find_pwsh

OUT = {"Comment", "EndOfInput"}
PIECES = (
    *("# note", "# it's", '# "so', "#>", "<#", "<# a\n# b\n #>", "#requires -Version 4"),
    *("\n", "\n", "\n", "\n  ", "\n\n", " ", "    ", "`\n", "`", "``"),
    *("$a", "${a}", "${b'c}", "$a[0]", "Get-Item", "-Name", "a#b", "1", "=", "|", ";", ","),
    *("'x'", "'it''s'", "'a\n  # b\n'", "'", '"x"', '"a\n\n # b\n"', '"`""', '""', '"'),
    *('"$("n")"', '"$(\n # c\n 1)"', '"$((1)) # "', "$(", "(", ")", "{", "}", "[", "]", "@("),
    *("@'\n# a\n'@", '@"\n  # $b\n"@', "@'\n '@\n'@", '@"\n$(1)\n"@', "@'", "'@", '@"', '"@'),
    *("--%", "\u2019", "if ($a) {\n  # c\n  1\n}"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@pytest.fixture(scope="module")
def engine() -> Path:
    pwsh = find_pwsh()
    if pwsh is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    return pwsh


def shorter(text: str) -> str:
    return "\n".join(line for _, line in condensed(text))


def parsed(texts: Sequence[str], engine: Path, folder: Path) -> list[dict[str, Any]]:
    files = [folder / f"{number}.ps1" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8", newline="")
    command = [str(engine), "-NoLogo", "-NoProfile", "-NonInteractive", "-File"]
    script = Path(__file__).with_name("tokens.ps1")
    output = folder / "tokens.json"
    subprocess.run(
        [*command, str(script), str(output), *map(str, files)],
        check=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    found: list[dict[str, Any]] = json.loads(output.read_text(encoding="utf-8"))
    return found


def meaning(tokens: list[list[str]]) -> list[tuple[str, str]]:
    """All tokens but comments; of line ends that follow each other one, and none at either end."""
    told = [("NewLine", "") if kind == "NewLine" else (kind, text) for kind, text in tokens]
    said = [token for token in told if token[0] not in OUT]
    once = [token for token, same in groupby(said) for _ in ([1] if token[1] == "" else same)]
    while once and once[-1][0] == "NewLine":
        once.pop()
    return once[1:] if once and once[0][0] == "NewLine" else once


def same_to_the_engine(texts: Sequence[str], engine: Path, folder: Path) -> int:
    """How many of some texts are scripts; all of these mean the same when they are shorter."""
    both = parsed([*texts, *map(shorter, texts)], engine, folder)
    scripts = 0
    for text, long, short in zip(texts, both[: len(texts)], both[len(texts) :], strict=True):
        if not long["errors"]:
            assert not short["errors"], text
            assert meaning(short["tokens"]) == meaning(long["tokens"]), text
            scripts += 1
    return scripts


@pytest.mark.powershell
def test_what_is_sent_means_the_same(engine: Path, tmp_path: Path) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sent_files()]
    assert same_to_the_engine(texts, engine, tmp_path) == len(texts)


@pytest.mark.powershell
@settings(
    max_examples=2,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_any_script_means_the_same(
    engine: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    texts = data.draw(st.lists(TEXTS, min_size=200, max_size=200))
    assert same_to_the_engine(texts, engine, tmp_path_factory.mktemp("tokens")) > 10


def test_our_own_is_understood_and_gets_shorter() -> None:
    """One that is not understood goes whole: that must not happen unseen."""
    for path in (path for path in sent_files() if path.suffix == ".ps1"):
        kept = [line for _, line in condensed(path.read_text(encoding="utf-8"))]
        assert not [line for line in kept if line.startswith(("#", " ")) or not line], path.name


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("# a\n\n  $a = 1\n", [(3, "$a = 1")]),
        ("$a = 'b\n  # c\n\n'", [(1, "$a = 'b"), (2, "  # c"), (3, ""), (4, "'")]),
        ("$a = @'\n # b\n'@\n # c", [(1, "$a = @'"), (2, " # b"), (3, "'@")]),
        ("a `\n# b\nc", [(1, "a `"), (2, "# b"), (3, "c")]),
        ("<#\n# a\n#>", [(1, "<#"), (2, "# a"), (3, "#>")]),
        ("#Requires -Version 4\n", [(1, "#Requires -Version 4")]),
        ("a#b 'c\n # d\n", [(1, "a#b 'c"), (2, " # d"), (3, "")]),
        ("$a = \u2019b\n # c", [(1, "$a = \u2019b"), (2, " # c")]),
    ],
)
def test_what_is_left_out(text: str, kept: list[tuple[int, str]]) -> None:
    assert condensed(text) == kept
