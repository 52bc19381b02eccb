"""What programs read of us does not change under them."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.cli.app import run
from remediate.model.base import SCHEMA_VERSION
from remediate.model.schema import DIALECT
from tests.docs import schemas

CURRENT = schemas.current()
VERSION_1 = Path(__file__).parents[1] / "store" / "version_1"


def test_nothing_that_readers_know_is_gone() -> None:
    """What is left out, or becomes something else, needs a new SCHEMA_VERSION."""
    assert schemas.broken() == []


def test_the_files_say_what_is_written_now() -> None:
    """After a change that breaks nobody: python -m tests.docs writes them."""
    assert [path.name for path in schemas.stale()] == []


def test_schemas_of_earlier_versions_are_kept() -> None:
    for version in range(1, SCHEMA_VERSION + 1):
        assert schemas.kept(version)


def report_schema() -> dict[str, Any]:
    return deepcopy(schemas.kept()["HostReport"])


def lose_a_field(schema: dict[str, Any]) -> None:
    del schema["properties"]["applied"]


def lose_a_field_below(schema: dict[str, Any]) -> None:
    del schema["$defs"]["Change"]["properties"]["before"]


def let_it_be_missing(schema: dict[str, Any]) -> None:
    schema["required"].remove("outcome")


def make_it_a_number(schema: dict[str, Any]) -> None:
    schema["properties"]["host"]["type"] = "integer"


def lose_an_outcome(schema: dict[str, Any]) -> None:
    schema["$defs"]["Outcome"]["enum"].remove("changed")


def make_items_texts(schema: dict[str, Any]) -> None:
    schema["properties"]["applied"]["items"] = {"type": "string"}


def add_a_form(schema: dict[str, Any]) -> None:
    schema["properties"]["plan"]["anyOf"].append({"type": "string"})


@pytest.mark.parametrize(
    "change",
    [
        lose_a_field,
        lose_a_field_below,
        let_it_be_missing,
        make_it_a_number,
        lose_an_outcome,
        make_items_texts,
        add_a_form,
    ],
)
def test_a_change_that_breaks_readers_is_found(change: Any) -> None:
    now = report_schema()
    change(now)
    assert schemas.breaks(report_schema(), now)


def test_a_field_that_has_come_breaks_nobody() -> None:
    now = report_schema()
    now["properties"]["more"] = {"type": "string"}
    now["$defs"]["Outcome"]["enum"].append("new")
    assert schemas.breaks(report_schema(), now) == []


@pytest.mark.parametrize("schema", [pytest.param(s, id=name) for name, s in CURRENT.items()])
def test_strict_readers_take_every_schema(schema: Any) -> None:
    """It names its dialect, is valid in it, and has no format that the dialect lacks."""
    assert schema["$schema"] == DIALECT
    jsonschema.Draft202012Validator.check_schema(schema)
    formats = set(jsonschema.Draft202012Validator.FORMAT_CHECKER.checkers) | {"date-time"}
    text = json.dumps(schema)
    used = {word.split('"')[0] for word in text.split('"format": "')[1:]}
    assert used <= formats


@pytest.mark.parametrize(
    ("command", "model"),
    [
        (["list", "--format", "json"], "PlaybookListing"),
        (["show", "schedule-fix", "--format", "json"], "Description"),
    ],
)
def test_documents_are_what_their_schema_says(
    command: list[str], model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), schemas.kept()[model])


@pytest.mark.parametrize("file", sorted(VERSION_1.glob("*.json")), ids=lambda file: file.stem)
def test_documents_of_version_1_are_what_their_schema_says(file: Path) -> None:
    model = file.stem.partition("-")[0]
    jsonschema.validate(json.loads(file.read_text(encoding="utf-8")), schemas.kept(1)[model])
