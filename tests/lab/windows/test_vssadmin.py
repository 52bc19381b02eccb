"""The stand-in vssadmin takes what is documented, and does what our own script must never cause."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds import records
from remediate.lab.state import Record

KIND = "shadow_storage"
SEVERAL: Record = {
    "C:": {"limit": "10GB", "used": "1GB", "allocated": "2GB"},
    "D:\\mount point\\e": {"limit": "1EB", "on": "D:"},
    "D:": {},
}


LINES = {
    "resize shadowstorage /For=C: /On=C: /MaxSize=20GB": 0,
    "RESIZE ShadowStorage /for=c:\\ /on=C: /maxsize=1073741824": 0,
    "resize shadowstorage /For=C: /On=C: /MaxSize=15%": 0,
    "resize shadowstorage /For=C: /On=C:": 0,
    "resize shadowstorage /For=C: /On=C: /MaxSize=UNBOUNDED": 0,
    "add shadowstorage /For=D: /On=D: /MaxSize=320MB": 0,
    "add shadowstorage /For=D: /On=D: /MaxSize=319MB": 2,
    "add shadowstorage /For=C: /On=D: /MaxSize=320MB": 2,
    "resize shadowstorage /For=D: /On=D: /MaxSize=20GB": 2,
    "resize shadowstorage /For=C: /On=D: /MaxSize=20GB": 2,
    "resize shadowstorage /For=X: /On=X: /MaxSize=20GB": 2,
    "resize shadowstorage /For=C: /On=C: /MaxSize=1KB": 2,
    "resize shadowstorage /For=C: /On=C: /MaxSize=20XB": 2,
    "resize shadowstorage /For=C:": 2,
    "delete shadows /all /quiet": 2,
    "": 2,
}


@pytest.mark.slow
@pytest.mark.powershell
def test_vssadmin_takes_what_is_documented(windows: Callable[..., Any]) -> None:
    """And changes something just when it ends with 0."""
    one = windows(healthy_host(resources={KIND: SEVERAL}))
    before = copy.deepcopy(one.state.windows)
    script = "param($Words) $null = vssadmin.exe @Words; $LASTEXITCODE"
    for line, code in LINES.items():
        one.state.windows = copy.deepcopy(before)
        one.host.write()
        assert one.run(script, Words=line.split()) == [code], line
        assert (one.state.windows == before) is (code != 0), line


@pytest.mark.powershell
def test_vssadmin_deletes_the_oldest_copy_to_get_below_a_limit(windows: Callable[..., Any]) -> None:
    """What our script must never come to."""
    made = ["2024-03-04T22:00:07Z", "2024-03-01T00:00:00Z"]
    short = {"C:": {"limit": "10GB", "used": "5GB", "copies": made}}
    one = windows(healthy_host(resources={KIND: short}))
    one.run("$null = vssadmin.exe resize shadowstorage /For=C: /On=C: /MaxSize=1GB")
    [storage] = records(one.state, KIND)
    assert [copy["created"] for copy in storage["copies"]] == made[:1]
