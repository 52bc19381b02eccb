"""`remediate diagnose`: exit codes, what is shown, and that nothing of a text steers a terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.model.diagnosis import Diagnosis
from remediate.model.schema import schema_of
from tests.diagnose.test_catalogue import ENTRY

Cli = Callable[..., Any]


def test_what_is_known_is_told_with_what_to_do(cli: Cli) -> None:
    done = cli("diagnose", "ID:", "34506")
    assert done.code == 0
    assert done.err == ""
    first, *rest = done.out.splitlines()
    assert first.startswith("passphrase-not-configured: ")
    assert {line[2:9].strip() for line in rest if line[2:3].isalpha()} == {
        *("cause:", "check:", "look:", "do:", "source:")
    }
    assert "remediate audit scratch-location encryption-key" in done.out


def test_a_negative_number_is_no_option(cli: Cli) -> None:
    assert cli("diagnose", "-2147024891").out.startswith("access-denied: ")
    cli("diagnose", "--wyh", "5").explains(64, "there is no option --wyh")


def test_what_is_not_known_is_said_with_the_nearest(cli: Cli) -> None:
    done = cli("diagnose", "the activation of my phone")
    assert done.code == 2
    assert done.out.startswith("not known; the nearest are\n")
    assert "why:    message " in done.out
    assert cli("diagnose", "qwertz").out == "not known\n"


def test_nothing_is_not_diagnosed(cli: Cli) -> None:
    cli("diagnose").explains(64, "nothing to diagnose: give a number or a message")
    cli("diagnose", " \n").explains(64, "nothing to diagnose")


@pytest.mark.parametrize(("text", "code"), [("0x1FC07", 0), ("qwertz", 2), ("activation", 2)])
def test_json_keeps_its_schema(cli: Cli, text: str, code: int) -> None:
    done = cli("diagnose", text, "--format", "json")
    assert done.code == done.data["exit_code"] == code
    jsonschema.validate(done.data, schema_of(Diagnosis))
    assert bool(done.data["known"]) is (code == 0)
    assert not (done.data["known"] and done.data["nearest"])


def test_why_shows_the_parts_of_the_score(cli: Cli) -> None:
    out = cli("diagnose", "--why", "Error 34506: SalLowDiskSpace").out
    assert "  why:    number 34506: 1.00\n" in out
    assert '  why:    name "SalLowDiskSpace": 1.00\n' in out


def test_causes_that_fit_alike_are_both_told(cli: Cli) -> None:
    out = cli("diagnose", "SalLowDiskSpace ScratchLocationError").out
    assert out.startswith("2 causes fit alike; what to check tells them apart.\n")


def test_entries_of_third_parties_are_known(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "diagnose").mkdir()
    file = tmp_path / "diagnose" / "contoso.yaml"
    file.write_text(ENTRY, encoding="utf-8")
    assert cli("diagnose", "0xC0DE0001").code == 2
    assert cli("diagnose", "0xC0DE0001", "--playbooks", tmp_path).out.startswith("contoso-tape")
    file.write_text("entries: 5", encoding="utf-8")
    cli("diagnose", "5", "--playbooks", tmp_path).explains(64, "contoso.yaml: source: ")


def test_nothing_of_a_text_steers_the_terminal(cli: Cli) -> None:
    out = cli("diagnose", "--why", "34506 \x1b[31m\u202e\x07").out
    assert out.isascii()
    assert "\x1b" not in out
