"""The host that a playbook copies from is reached like any other."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.lab import Lab

Make = Callable[..., Any]


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A host whose module is not there, and one where it is."""
    states = [
        healthy_host("SRV01", {"agent_module": {"absent": True}}),
        healthy_host("SRV02"),
    ]
    with Lab(states) as lab:
        monkeypatch.setenv("REMEDIATE_PASSWORD", lab.hosts[0].password)
        yield lab


def reach(lab: Lab, number: int) -> str:
    return f"{lab.hosts[number].address}:{lab.hosts[number].port}"


def test_a_peer_is_named_like_a_host(cli: Make, two: Lab) -> None:
    at = ["--host", reach(two, 0), "--user", two.hosts[0].user, "--auth", "basic"]
    done = cli("apply", "module-restore", "--from", reach(two, 1), "--yes", *at)
    assert (done.code, "CHANGED" in done.out) == (0, True), done.out + done.err


def test_a_peer_that_the_inventory_knows_is_reached_as_it_says(
    cli: Make, two: Lab, tmp_path: Path
) -> None:
    rows = [f"  {h.name}: {{address: {h.address}, port: {h.port}}}" for h in two.hosts]
    head = f"defaults: {{user: {two.hosts[0].user}, auth: basic}}\nhosts:\n"
    (tmp_path / "lab.yaml").write_text(head + "\n".join(rows))
    words = ["--from", "srv02", "-i", tmp_path / "lab.yaml", "--limit", "SRV01"]
    done = cli("audit", "module-restore", *words)
    assert (done.code, "SRV01  WOULD CHANGE" in done.out) == (2, True), done.out + done.err


def test_a_peer_that_cannot_be_a_host_is_refused_before_anything_is_sent(
    cli: Make, unsent: object
) -> None:
    at = ["--host", "srv01", "--user", "ada", "--from", "srv02:99999"]
    cli("audit", "module-restore", *at, transport=unsent).explains(64, "srv02:99999")
