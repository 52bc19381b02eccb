"""A path that only the host knows: completed there as here, in the round that asks for it."""

from typing import Any

import pytest

from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.registry_value import path_of
from remediate.lab.state import HostState
from remediate.powershell.messages import Call, Request
from remediate.powershell.script import compose
from remediate.resources.host_path import HOST_PATH_READER, HostPath
from remediate.resources.registry_value import RegistryName, RegistryValue
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST

KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso"
VALUES: dict[str, Any] = {
    "Folder": "D:\\Contoso [1]\\",
    "Bare": "D:\\Contoso",
    "Root": "E:\\",
    "Empty": "",
    "Slashes": "\\\\",
    "Number": 7,
    "List": {"type": "MultiString", "data": ["D:\\", "E:\\"]},
}
ABSENT = "Absent"


def path(name: str, tail: str | None = None, otherwise: HostPath | str | None = None) -> HostPath:
    return HostPath(root=RegistryName(key=KEY, name=name), tail=tail, otherwise=otherwise)


PATHS = {
    path("Folder"): "D:\\Contoso [1]",
    path("folder", r"bin\Modules"): r"D:\Contoso [1]\bin\Modules",
    path("Bare", "Scratch"): r"D:\Contoso\Scratch",
    path("Root", "Scratch"): r"E:\Scratch",
    path(ABSENT): None,
    path(ABSENT, "Scratch"): None,
    path("Empty", "x", r"C:\Otherwise"): r"C:\Otherwise",
    path("Slashes", "x", path("Bare", "y")): r"D:\Contoso\y",
    path("Number", None, path("List", "x", path(ABSENT))): None,
}


def host() -> HostState:
    short = {f"{KEY}\\{name}": value for name, value in VALUES.items()}
    return healthy_host(resources={"registry_value": short})


def test_a_path_is_completed_by_its_registry_value() -> None:
    state = host()
    assert {one: path_of(state, one) for one in PATHS} == PATHS


@pytest.mark.powershell
def test_a_host_completes_it_as_we_do(powershell: PowerShellHosts) -> None:
    script = compose([HOST_PATH_READER, RegistryValue.reader]).text
    wanted = [*(one.model_dump(mode="json") for one in PATHS), r"C:\As [it] is", None]
    calls = tuple(
        Call(id=str(number), function="Resolve-RemediatePath", arguments={"path": one})
        for number, one in enumerate(wanted)
    )
    with powershell.host(host()) as (_, target, transport):
        request = Request(run="R1", calls=calls)
        reply = transport.session(target).run(script, request, Deadline(AT_LAST))
    assert [call.error for call in reply.calls] == [None] * len(wanted)
    found = [next(iter(call.value), None) for call in reply.calls]
    assert found == [*PATHS.values(), r"C:\As [it] is", None]


@pytest.mark.parametrize("tail", ["", "\\x", "..\\x", "x\\", "C:\\x", "a/b"])
def test_what_follows_is_below_the_folder(tail: str) -> None:
    with pytest.raises(ValueError, match="cannot be the path of a file below a folder"):
        path("Folder", tail)


@pytest.mark.parametrize("otherwise", ["Scratch", "\\\\server\\share", "C:", "C:\\x\\"])
def test_what_is_taken_otherwise_is_a_whole_path(otherwise: str) -> None:
    with pytest.raises(ValueError, match="should match pattern"):
        path("Folder", None, otherwise)
