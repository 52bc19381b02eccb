"""Parameters of playbooks are options: with help, type, default, range, before any connection."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Make = Callable[..., Any]

FIELDS = """
    size: int = Field(5, ge=1, le=10, description='How large.')
    ratio: float | None = Field(None, gt=0, description='What share')
    force: bool = Field(False, description='Whether to insist')
    level: Level = Field(Level.NOT_MUCH, description='How much')
    mode: Literal['fast', 'safe'] = Field('safe', description='In which way')
    names: list[Annotated[str, Field(min_length=2)]] = Field([], description='Which ones')
    key: SecretStr | None = Field(None, description='Where the key is')
"""
AT = ["--host", "127.0.0.1:1", "--user", "u"]


@pytest.fixture
def own(playbook: Make) -> list[object]:
    """Options that make the playbook `own-fix` known."""
    return ["--playbooks", playbook(FIELDS)]


def test_help_and_show_tell_type_default_and_range(cli: Make, own: list[object]) -> None:
    text = " ".join(cli("apply", "own-fix", *own, "--help").out.split())
    assert "Parameters of own-fix:" in text
    assert (
        "--size, --own-fix-size INTEGER How large. [at least 1 and at most 10; default: 5]" in text
    )
    assert "[optional]" in text
    assert "--force, --own-fix-force / --no-force, --no-own-fix-force" in text
    assert "[not-much|a-lot]" in text
    assert "[fast|safe]" in text
    assert "WHERE" in text
    shown = " ".join(cli("show", "own-fix", *own).out.split())
    assert "--size INTEGER How large. [at least 1 and at most 10; default: 5]" in shown
    assert "--level not-much | a-lot How much. [default: not-much]" in shown


def test_what_is_read_in_a_way_of_its_own_is_text(cli: Make) -> None:
    """A size is kept as an integer, and typed like 10GB."""
    text = " ".join(cli("apply", "shadow-storage", "--help").out.split())
    assert "--size, --shadow-storage-size TEXT Smallest limit" in text
    assert "--percent, --shadow-storage-percent INTEGER" in text


def test_help_of_audit_is_short_and_that_of_a_playbook_has_its_parameters(cli: Make) -> None:
    assert "--folder" not in cli("audit", "--help").out
    assert "--folder" in cli("audit", "schedule-fix", "--help").out
    assert r"[default: \Microsoft\OnlineBackup]" in cli("show", "schedule-fix").out


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--size", "x"], "--size 'x': input should be a valid integer"),
        (["--size", "11"], "--size '11': input should be less than or equal to 10"),
        (["--ratio", "0"], "--ratio '0': input should be greater than 0"),
        (["--level", "huge"], "'huge' is not one of 'not-much', 'a-lot'"),
        (["--mode", "slow"], "'slow' is not one of 'fast', 'safe'"),
        (["--names", "ok", "--names", "x"], "--names 'ok' 'x': string should have at least 2"),
        (["--key", "hunter2"], "a password is given by reference"),
        (["--key", "env:NOT_SET_HERE"], "NOT_SET_HERE is not set"),
    ],
)
def test_a_wrong_value_is_named_before_any_connection(
    typed: list[str], says: str, cli: Make, own: list[object], unsent: Make
) -> None:
    result = cli("audit", "own-fix", *own, *typed, *AT, transport=unsent)
    result.explains(64, says)
    assert "hunter2" not in result.err


def test_a_value_that_turns_out_to_have_a_password_is_not_repeated(cli: Make, unsent: Make) -> None:
    typed = ["--server", "ada:hunter2@proxy:80"]
    result = cli("audit", "system-proxy", *typed, *AT, transport=unsent)
    result.explains(64, "--server: a proxy with an account is not taken")
    assert "hunter2" not in result.err


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (["--server", "proxy:80", "--proxy-user", "svc"], "--proxy-user and --proxy-password go"),
        (
            ["--server", "proxy:80", "--proxy-password", "env:PROXY"],
            "--proxy-user and --proxy-password go",
        ),
        (
            ["--server", "none", "--proxy-user", "svc", "--proxy-password", "env:PROXY"],
            "there is no proxy for --proxy-user",
        ),
    ],
)
def test_a_proxy_and_its_logon_fit_together(
    typed: list[str], says: str, cli: Make, unsent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROXY", "hunter2")
    result = cli("audit", "proxy-settings", *typed, *AT, transport=unsent)
    result.explains(64, says)
    assert "hunter2" not in result.err


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        ([], "size", 5),
        (["--size", "7"], "size", 7),
        (["--own-fix-size", "7"], "size", 7),
        (["--ratio", "0.5"], "ratio", 0.5),
        (["--force"], "force", True),
        (["--no-force"], "force", False),
        (["--level", "a-lot"], "level", 5),
        (["--mode", "FAST"], "mode", "fast"),
        (["--names", "ab", "--names", "cd"], "names", ["ab", "cd"]),
        (["--key", "env:THE_KEY"], "key", "**********"),
    ],
)
def test_values_reach_the_playbook(
    typed: list[str],
    name: str,
    value: object,
    cli: Make,
    own: list[object],
    at: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THE_KEY", "canary-key")
    result = cli("audit", "own-fix", *own, *typed, *at, "--format", "json")
    assert result.code == 0, result.err
    assert result.data["hosts"][0]["plan"]["playbooks"][0]["parameters"][name] == value
    assert "canary-key" not in result.out + result.err


def test_a_required_parameter_is_asked_for(cli: Make, playbook: Make, unsent: Make) -> None:
    folder = playbook("    size: int = Field(description='How large')")
    result = cli("audit", "own-fix", "--playbooks", folder, *AT, transport=unsent)
    result.explains(64, "own-fix needs --size")
    assert "[required]" in cli("show", "own-fix", "--playbooks", folder).out


def test_what_does_not_fit_together_is_said_by_the_playbook(
    cli: Make, playbook: Make, unsent: Make
) -> None:
    folder = playbook(
        "    size: int = Field(1, description='How large')\n"
        "    @model_validator(mode='after')\n"
        "    def _fit(self):\n        raise ValueError('one of them is too much')"
    )
    result = cli("audit", "own-fix", "--playbooks", folder, *AT, transport=unsent)
    result.explains(64, "parameters of own-fix do not fit together: one of them is too much")


def test_a_name_of_two_playbooks_needs_the_full_form(
    cli: Make, playbook: Make, unsent: Make, at: list[str]
) -> None:
    field = "    size: int = Field(1, description='How large')"
    playbook(field)
    folder = playbook(field, name="two-fix")
    both = ["audit", "own-fix", "two-fix", "--playbooks", folder]
    result = cli(*both, "--size", "3", *AT, transport=unsent)
    result.explains(64, "--size can mean more than one", "--own-fix-size or --two-fix-size")
    result = cli(*both, "--two-fix-size", "3", *at, "--format", "json")
    uses = {use["id"]: use["parameters"] for use in result.data["hosts"][0]["plan"]["playbooks"]}
    assert uses == {"own-fix": {"size": 1}, "two-fix": {"size": 3}}


def test_a_name_that_the_command_has_already_needs_the_full_form(
    cli: Make, playbook: Make, at: list[str]
) -> None:
    folder = playbook("    limit: int = Field(1, description='How many')")
    result = cli(
        "audit", "own-fix", "--playbooks", folder, "--own-fix-limit", "4", *at, "--format", "json"
    )
    assert result.data["hosts"][0]["plan"]["playbooks"][0]["parameters"] == {"limit": 4}


def test_an_option_of_a_playbook_that_is_not_named_is_refused(
    cli: Make, playbook: Make, unsent: Make
) -> None:
    folder = playbook("    size: int = Field(1, description='How large')")
    args = ["audit", "schedule-fix", "--playbooks", folder, "--folder", "own-fix", "--size", "2"]
    cli(*args, *AT, transport=unsent).explains(64, "--size belongs to own-fix")


def test_a_value_that_looks_like_a_playbook_is_a_value(
    cli: Make, playbook: Make, at: list[str]
) -> None:
    folder = playbook()
    args = ["audit", "schedule-fix", "--playbooks", folder, "--folder", "own-fix"]
    result = cli(*args, *at, "--format", "json")
    (use,) = result.data["hosts"][0]["plan"]["playbooks"]
    assert (use["id"], use["parameters"]) == ("schedule-fix", {"folder": "\\own-fix\\"})


def test_a_folder_of_ones_own_is_listed_and_shown_like_ours(cli: Make, playbook: Make) -> None:
    folder: Path = playbook()
    rows = [line.split(maxsplit=1) for line in cli("list", "--playbooks", folder).out.splitlines()]
    assert ["own-fix", "Own fix"] in rows
    result = cli("show", "own-fix", "--playbooks", folder, "--format", "json")
    assert result.data["title"] == "Own fix"
    listed = cli("list", "--playbooks", folder, "--format", "json").data["playbooks"]
    assert {entry["id"] for entry in listed} >= {"own-fix", "schedule-fix"}


REQUIRED = "    zone: str = Field(description='Time zone it has to be in')\n"


def test_an_audit_of_everything_leaves_out_what_needs_a_value_and_says_so(
    cli: Make, playbook: Make, lab: Any, at: list[str]
) -> None:
    """One playbook of somebody's own must not keep the others from looking."""
    own = ["--playbooks", playbook(REQUIRED)]
    result = cli("audit", *own, *at)
    assert result.code == 2
    assert "own-fix is left out: it needs --zone.\n" in result.err
    assert "schedule-fix" in result.out
    assert "left out" not in cli("audit", *own, "--zone", "UTC", *at).err
    cli("audit", "own-fix", *own, *at).explains(64, "--zone")
