"""What an inventory says, and what is wrong with it, is shown without a word to any host."""

import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from remediate.cli.commands.schema import published
from remediate.model.schema import schema_of

Make = Any
ARGUMENT = "Canary-argument-5d"


@pytest.fixture
def prod(tmp_path: Path) -> Path:
    path = tmp_path / "prod.yaml"
    path.write_text(
        "defaults: {user: 'CONTOSO\\svc', auth: ntlm}\n"
        "hosts:\n"
        f"  SRV01: {{password: 'command:vault get {ARGUMENT}', port: 5986}}\n"
        "  SRV02: {address: 10.0.0.5, insecure: true}\n"
        "groups:\n"
        "  dmz: {hosts: [SRV02], user: dmz, tls: true}\n"
    )
    return path


def test_each_setting_of_a_host_is_shown_with_where_it_is_said(
    cli: Make, unsent: Make, prod: Path
) -> None:
    result = cli("hosts", "list", "-i", prod, "--tls", "--format", "json", transport=unsent)
    assert result.code == 0
    assert ARGUMENT not in result.out
    first, second = result.data["hosts"]
    said = {one["name"]: (one["value"], one["origin"]) for one in first["settings"]}
    assert said == {
        "user": ("CONTOSO\\svc", "defaults"),
        "password": ("command:vault …", "host"),
        "auth": ("ntlm", "defaults"),
        "transport": ("psrp", "built in"),
        "port": ("5986", "host"),
        "tls": ("true", "--tls"),
        "insecure": ("false", "built in"),
    }
    said = {one["name"]: (one["value"], one["origin"]) for one in second["settings"]}
    assert (second["address"], second["groups"]) == ("10.0.0.5", ["dmz"])
    assert said["user"] == ("dmz", "group dmz")
    assert said["password"] == ("env:REMEDIATE_PASSWORD", "environment")
    assert said["port"] == ("5986", "built in")
    assert said["insecure"] == ("false", "built in"), "an inventory cannot allow it alone"


def test_each_mistake_is_told_of_its_host_and_the_others_are_listed(
    cli: Make, unsent: Make, tmp_path: Path
) -> None:
    """And what playbooks are to use, each with where it is said; what may be a secret is not."""
    (tmp_path / "inv.yaml").write_text(
        "defaults: {user: svc, params: {disk-space: {floor: 1GB}, vss-restart: {x: 1}}}\n"
        "hosts:\n"
        "  SRV01: {address: 10.0.0.5, auth: kerberos}\n"
        "  SRV02: {params: {disk-space: {floor: 9GB}, proxy-settings: {proxy-password: Hunter2}}}\n"
        "  SRV03: {auth: basic}\n"
        "groups:\n"
        "  g: {hosts: [SRV01], params: {antivirus-exclusions: {compilers: true}}}\n"
    )
    result = cli("hosts", "list", "-i", "inv.yaml", "--format", "json", transport=unsent)
    assert result.code == 64
    jsonschema.validate(result.data, schema_of(published()["HostListing"]))
    first, second, third = result.data["hosts"]
    told = {one["name"]: (one["value"], one["origin"]) for one in first["parameters"]}
    assert told == {
        "disk-space.floor": ("1GB", "defaults"),
        "antivirus-exclusions.compilers": ("true", "group g"),
    }
    assert first["settings"] == []
    by_address, unknown = first["mistakes"]
    assert by_address.startswith("inv.yaml:3:3: Kerberos knows hosts by name, and 10.0.0.5 is an")
    assert by_address.endswith("; say by what name the domain knows it, with --kerberos-host")
    assert unknown.startswith("inv.yaml:1:72: vss-restart: 'x' is no parameter of it; parameters: ")
    assert [one["value"] for one in second["parameters"]] == ["9GB"]
    secret, also = second["mistakes"]
    assert secret.startswith("inv.yaml:4:")
    assert "'proxy-password' is a secret, which no inventory says" in secret
    assert (also, len(second["settings"])) == (unknown, 7)
    assert third["mistakes"][0].startswith("inv.yaml:5:3: basic over plain HTTP would send")
    people = cli("hosts", "list", "-i", "inv.yaml", transport=unsent)
    assert people.code == 64
    lines = people.out.splitlines()
    assert "  disk-space.floor 9GB                     host" in lines
    assert f"  mistake: {unknown}" in lines
    assert "Hunter2" not in result.out + people.out
    one = cli("hosts", "list", "-i", "inv.yaml", "--password-from", "Hunter2", transport=unsent)
    one.explains(64, "--password-from: a password is given by reference")


def test_people_see_the_same_of_what_is_chosen(cli: Make, unsent: Make, prod: Path) -> None:
    result = cli("hosts", "list", "-i", prod, "--limit", "*2", transport=unsent)
    assert result.out.splitlines()[:2] == [
        "SRV02 at 10.0.0.5 (groups: dmz)",
        "  user       dmz                     group dmz",
    ]
    result = cli("hosts", "list", "--host", "SRV:5986", "--user", "ada", transport=unsent)
    lines = result.out.splitlines()
    assert "  tls        true                    port 5986" in lines
    assert "  port       5986                    --host" in lines


def test_all_mistakes_of_all_files_are_shown_with_their_places(
    cli: Make, unsent: Make, prod: Path, tmp_path: Path
) -> None:
    table, document = tmp_path / "a.csv", tmp_path / "b.yaml"
    table.write_text("name,port\nA,on\nB,off\n")
    document.write_text("hosts: {A: {tls: Hunter2-9z}}")
    gone = tmp_path / "gone.yaml"
    result = cli("validate", table, prod, document, gone, transport=unsent)
    not_looked_at = [
        line.partition(": whether its hosts can")[0] for line in result.err.splitlines()
    ]
    assert (result.code, not_looked_at) == (64, [str(table), str(document)])
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{table}:2:3: A: the port must be")
    assert lines[1].startswith(f"{table}:3:3: B: the port must be")
    assert lines[2:] == [
        f"{prod}: 2 hosts, 1 group, no mistakes",
        f"{document}:1:18: A: tls is true or false, and nothing else",
        f"the inventory {gone} cannot be read: No such file or directory",
    ]
    assert cli("validate", prod, transport=unsent).code == 0


def test_the_program_of_an_inventory_gets_no_password(
    cli: Make, unsent: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2")
    monkeypatch.setenv("REMEDIATE_PASSWORD", "hunter2")
    seen = tmp_path / "seen"
    script = tmp_path / "inv.py"
    script.write_text(
        f"import os\nopen({str(seen)!r}, 'w').write(repr(dict(os.environ)))\n"
        "print('hosts: {A: }')\n"
    )
    asked = ("hosts", "list", "-i", f"command:{sys.executable} {script}", "--user", "ada")
    result = cli(*asked, "--password-from", "env:MY_SECRET", transport=unsent)
    assert result.code == 0
    assert "PATH" in seen.read_text()
    assert "hunter2" not in seen.read_text()


PIN = "sha256:" + 32 * "0f"


def test_what_other_commands_refuse_is_told_with_its_place(
    cli: Make, unsent: Make, tmp_path: Path
) -> None:
    wrong = {
        f"{{tls_pin: '{PIN}'}}": "a pin is given for H0, which is spoken to without TLS",
        f"{{tls: true, tls_pin: '{PIN}', ca_file: ca.pem}}": "a pin and an authority are both",
        "{tls: true, auth: certificate}": "auth is certificate, and cert_file and key_file are not",
        "{auth: basic}": "basic over plain HTTP would send the password of H3 readable",
        "{address: 10.0.0.5, auth: kerberos}": "Kerberos knows hosts by name, and 10.0.0.5 is an",
        "{proxy: 'p:3128'}": "a proxy is given for H5, which is spoken to without TLS",
    }
    right = [
        "{auth: basic, insecure: true}",
        "{address: 10.0.0.6, auth: kerberos, kerberos_host: a}",
    ]
    rows = [f"  H{number}: {said}" for number, said in enumerate([*wrong, *right])]
    (tmp_path / "inv.yaml").write_text("\n".join(["hosts:", *rows]))
    result = cli("validate", "inv.yaml", transport=unsent)
    assert result.code == 64
    lines = result.out.splitlines()
    assert len(lines) == len(wrong)
    for number, (line, says) in enumerate(zip(lines, wrong.values(), strict=True)):
        assert line.startswith(f"inv.yaml:{number + 2}:3: H{number}: {says}")
