"""Playbooks take what an inventory has for a host, and the plan says where it comes from."""

from pathlib import Path
from typing import Any

import pytest

from remediate.lab.hosts import make_state
from remediate.testing.transport import MemoryTransport

Make = Any

INVENTORY = """
defaults:
  user: svc
  params:
    disk-space: {floor: 1GB, system_state_space: 2GB}
hosts:
  SRV01: {params: {disk-space: {floor: 999GB}}}
  SRV02:
  SRV03:
groups:
  big: {hosts: [SRV01, SRV02], params: {disk-space: {floor: 5GB, data-size: 20GB}}}
"""


@pytest.fixture
def told(cli: Make, tmp_path: Path) -> Make:
    """Runs a command line on three hosts of an inventory."""
    (tmp_path / "inv.yaml").write_text(INVENTORY)
    states = {name: make_state(name) for name in ("SRV01", "SRV02", "SRV03")}
    return lambda *words: cli(*words, "-i", "inv.yaml", transport=lambda _: MemoryTransport(states))


def uses(result: Any) -> dict[str, dict[str, tuple[Any, str | None]]]:
    found = {}
    for host in result.data["hosts"]:
        (use,) = host["plan"]["playbooks"]
        found[host["host"]] = {
            name: (use["parameters"][name], use["origins"].get(name))
            for name in ("floor", "data_size", "system_state_space")
        }
    return found


def test_the_nearest_place_counts_and_is_told_in_the_plan(told: Make) -> None:
    giga = 1024**3
    assert uses(told("audit", "disk-space", "--format", "json")) == {
        "SRV01": {
            "floor": (999 * giga, "host"),
            "data_size": (20 * giga, "group big"),
            "system_state_space": (2 * giga, "defaults"),
        },
        "SRV02": {
            "floor": (5 * giga, "group big"),
            "data_size": (20 * giga, "group big"),
            "system_state_space": (2 * giga, "defaults"),
        },
        "SRV03": {
            "floor": (giga, "defaults"),
            "data_size": (None, None),
            "system_state_space": (2 * giga, "defaults"),
        },
    }


def test_an_option_counts_more_than_any_inventory(told: Make) -> None:
    found = uses(told("audit", "disk-space", "--floor", "3GB", "--format", "json"))
    assert {host: use["floor"] for host, use in found.items()} == dict.fromkeys(
        ("SRV01", "SRV02", "SRV03"), (3 * 1024**3, None)
    )


def test_what_a_host_has_of_its_own_decides_there_only(told: Make) -> None:
    """One of three has less than 999 GB free, and people are told why that is asked for."""
    first = told("audit", "disk-space", "--limit", "SRV01")
    third = told("audit", "disk-space", "--limit", "SRV03")
    assert "disk-space: floor: 999GB  (host)" in first.out
    assert (first.code, "ATTENTION" in first.out) == (2, True)
    assert (third.code, "COMPLIANT" in third.out) == (0, True)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ("{disk-spac: {floor: 1GB}}", "there is no playbook 'disk-spac'"),
        ("{disk-space: {flor: 1GB}}", "disk-space: 'flor' is no parameter of it"),
        ("{disk-space: {floor: few}}", "--floor 'few': "),
        ("{module-restore: {from: SRV9}}", "'from' is said on the command line only"),
        ("{scratch-location: {password: Hunter2-9z}}", "'password' is "),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    cli: Make, unsent: Make, tmp_path: Path, params: str, says: str
) -> None:
    (tmp_path / "inv.yaml").write_text(f"hosts:\n  SRV:\n    user: ada\n    params: {params}\n")
    names = ("disk-space", "module-restore", "scratch-location")
    result = cli("audit", *names, "-i", "inv.yaml", transport=unsent)
    result.explains(64, says)
    assert "inv.yaml:4:" in result.err
    assert "Hunter2" not in result.err
    validated = cli("validate", "inv.yaml", transport=unsent)
    assert validated.code == 64
    assert validated.out.startswith("inv.yaml:4:")
    assert says in validated.out
    assert "Hunter2" not in validated.out


def test_a_parameter_that_is_needed_may_come_from_the_inventory(
    cli: Make, told: Make, tmp_path: Path
) -> None:
    """Else the playbook is left out where it is not known, which is said."""
    head = '"""X."""\n\nfrom remediate.playbook import Field, Playbook, PlaybookParams\n\n\n'
    code = (
        "class Params(PlaybookParams):\n"
        '    name: str = Field(description="Which")\n\n\n'
        "class Needs(Playbook[Params]):\n"
        '    id = "needs"\n    title = "X"\n    source = "https://example.org"\n\n'
        "    def observe(self, params):\n        return []\n\n"
        "    def decide(self, seen, params):\n        return []\n"
    )
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "needs.py").write_text(head + code)
    text = INVENTORY.replace("SRV03:\n", "SRV03: {params: {needs: {name: x}}}\n")
    (tmp_path / "inv.yaml").write_text(text)
    result = told("audit", "--playbooks", "own", "--format", "json")
    assert "needs is left out on 2 hosts of 3: it needs --name." in result.err
    asked = {
        host["host"]: [use["id"] for use in host["plan"]["playbooks"] if use["id"] == "needs"]
        for host in result.data["hosts"]
    }
    assert asked == {"SRV01": [], "SRV02": [], "SRV03": ["needs"]}
    named = told("audit", "needs", "--playbooks", "own")
    assert (named.code, "needs needs --name" in named.err) == (64, True)
    assert cli("validate", "inv.yaml", "--playbooks", "own").code == 0
    assert "there is no playbook 'needs'" in cli("validate", "inv.yaml").out
