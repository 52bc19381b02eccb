"""What Ansible lists is understood by its connection variables, or refused by host and variable."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remediate.files import OWNERS_ARE_KNOWN
from remediate.inventory import opening
from remediate.inventory.ansible import listed_in, read_ansible
from remediate.inventory.gathered import Gathered
from remediate.inventory.opening import open_inventory
from remediate.inventory.protocol import InventoryError, InventoryHost, Trust
from remediate.inventory.settings import Settings
from remediate.model.connection import Connection
from remediate.secrets import SecretError, resolve
from remediate.testing.inventory import ListedInventory

CANARY = "Canary-8c-pw"
WINRM = {"ansible_connection": "winrm"}
PSRP = {"ansible_connection": "ansible.builtin.psrp"}


def listed(hosts: Mapping[str, Any], **groups: Any) -> dict[str, Any]:
    return {"_meta": {"hostvars": hosts}, "all": {"children": ["ungrouped", *groups]}, **groups}


def read(document: Mapping[str, Any], trust: Trust | None = None) -> Gathered:
    trust = trust or Trust()
    return read_ansible("hosts.ini", document, Settings(Path("/etc/x"), trust), trust)


def said(**variables: Any) -> tuple[str, dict[str, Any]]:
    [entry] = read(listed({"SRV": variables})).entries()
    return entry.address, entry.connection.said()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (WINRM, {"port": 5986, "tls": True}),
        (PSRP, {"port": 5986, "tls": True}),
        ({**WINRM, "ansible_port": 5985}, {"port": 5985, "tls": False}),
        ({**WINRM, "ansible_port": "5985"}, {"port": 5985, "tls": False}),
        ({**WINRM, "ansible_winrm_scheme": "http"}, {"port": 5986, "tls": False}),
        ({**PSRP, "ansible_psrp_protocol": "http"}, {"port": 5985, "tls": False}),
        ({**PSRP, "ansible_port": 1, "ansible_psrp_port": 55985}, {"port": 55985, "tls": True}),
        (
            {**WINRM, "ansible_user": "a", "ansible_winrm_user": r"D\b", "ansible_psrp_user": "c"},
            {"user": r"D\b", "port": 5986, "tls": True},
        ),
        (
            {**WINRM, "ansible_user": {"__ansible_unsafe": "x{{y"}},
            {"user": "x{{y", "port": 5986, "tls": True},
        ),
        (
            {**WINRM, "ansible_winrm_transport": "ssl", "ansible_psrp_auth": "no"},
            {"auth": "basic", "port": 5986, "tls": True},
        ),
        ({**PSRP, "ansible_psrp_auth": ["ntlm"]}, {"auth": "ntlm", "port": 5986, "tls": True}),
        (
            {**WINRM, "ansible_winrm_ca_trust_path": "ca.pem", "colour": "{{ red }}"},
            {"ca_file": Path("/etc/x/ca.pem"), "port": 5986, "tls": True},
        ),
    ],
)
def test_variables_mean_what_they_mean_to_ansible(
    variables: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    assert said(**variables) == ("SRV", expected)


def test_the_address_is_the_one_of_the_connection() -> None:
    assert said(**PSRP, ansible_host="a.b", ansible_winrm_host="c")[0] == "a.b"
    assert said(**WINRM, ansible_host="a.b", ansible_winrm_host="10.0.0.5")[0] == "10.0.0.5"


@pytest.mark.parametrize("connection", [WINRM, PSRP])
def test_a_password_is_kept_apart_and_referred_to(connection: Mapping[str, Any]) -> None:
    passwords = {"ansible_password": "no", "ansible_winrm_password": CANARY}
    _, connection_said = said(**connection, **passwords)
    assert connection_said["password"] == "inventory:SRV"
    assert resolve("inventory:SRV").get_secret_value() == CANARY
    with pytest.raises(SecretError, match="stands in its inventory"):
        resolve("inventory:NEVER-READ")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"ansible_user": "{{ u }}"}, "ansible_user is a template"),
        ({"ansible_host": "{% if x %}a"}, "ansible_host is a template"),
        ({"ansible_password": {"__ansible_vault": CANARY}}, "ansible_password is encrypted"),
        ({"ansible_password": 1234}, "ansible_password is no text"),
        ({"ansible_password": [CANARY]}, "ansible_password is no text"),
        ({"ansible_user": 2026}, "ansible_user is no text"),
        ({"ansible_user": "CONTOSO\neil"}, "has a control character (U+000A)"),
        ({"ansible_port": True}, "ansible_port is no number"),
        ({"ansible_port": "05985"}, "the port must be a number"),
        ({"ansible_winrm_scheme": "ftp"}, "ansible_winrm_scheme is http or https"),
        ({"ansible_winrm_path": "/other"}, "ansible_winrm_path is not wsman"),
        ({"ansible_winrm_transport": "credssp"}, "ansible_winrm_transport is none of basic"),
        ({"ansible_winrm_transport": ["ntlm", "basic"]}, "has several values"),
        ({"ansible_winrm_transport": "ssl", "ansible_port": 5985}, "is ssl, and its port"),
        ({"ansible_winrm_transport": "certificate"}, "its files are not said"),
        ({"ansible_winrm_server_cert_validation": "Ignore"}, "is validate or ignore"),
        ({"ansible_winrm_server_cert_validation": False}, "is no text"),
        ({"ansible_host": "a b"}, "'a b' is not a host name"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_host_and_variable(
    variables: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(listed({"SRV": {**WINRM, **variables}}))
    [mistake] = caught.value.mistakes
    assert mistake.startswith("hosts.ini: SRV: ")
    assert says in mistake
    assert CANARY not in mistake


def test_all_mistakes_are_told_at_once() -> None:
    wrong = {**WINRM, "ansible_user": 1, "ansible_port": "x"}
    with pytest.raises(InventoryError) as caught:
        read(listed({"A": wrong, "B": {**PSRP, "ansible_psrp_ignore_proxy": "maybe"}}))
    starts = [mistake.split(": ")[1] for mistake in caught.value.mistakes]
    assert starts == ["A", "A", "B"]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"_meta": {"hostvars": {"a": [1]}}}, "the variables of a has to be a JSON object"),
        ({"_meta": {"hostvars": ["a"]}}, "_meta.hostvars has to be a JSON object"),
        ({"_meta": {}, "g": {"hosts": [1, {"a": 1}]}}, "group g: hosts has to be a list of names"),
        ({"_meta": {}, "g": {"children": "a"}}, "group g: children has to be a list of names"),
        ({"_meta": {}, "g": "a"}, "group g has to be a JSON object"),
    ],
)
def test_what_ansible_never_lists_is_refused_by_name(
    document: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(InventoryError) as caught:
        read(document)
    assert caught.value.mistakes == (f"hosts.ini: {says}",)


def test_what_scripts_of_old_print_of_a_group_is_its_hosts() -> None:
    assert read(listed({"A": WINRM}, web=["A"])).groups() == {"web": ("A",)}


NAMES = st.sampled_from(
    [
        "_meta",
        "hostvars",
        "all",
        "g",
        "hosts",
        "children",
        "__ansible_unsafe",
        "ansible_connection",
        "ansible_host",
        "ansible_port",
        "ansible_winrm_transport",
        "ansible_password",
        "a\ud800",
    ]
)
VALUES = (
    st.none() | st.booleans() | st.integers() | st.sampled_from(["winrm", "psrp", "A", "", "{{"])
)
SHAPES = st.recursive(
    VALUES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=4),
    max_leaves=12,
)
HOSTS = st.dictionaries(
    NAMES, st.dictionaries(NAMES, SHAPES).map(WINRM.__or__) | SHAPES, max_size=3
)


@given(
    st.dictionaries(NAMES, SHAPES, max_size=4), st.fixed_dictionaries({"hostvars": HOSTS | SHAPES})
)
def test_any_shape_is_read_or_refused(groups: dict[str, Any], meta: dict[str, Any]) -> None:
    found = listed_in(json.dumps({**groups, "_meta": meta}).encode())
    assert found is not None
    with suppress(InventoryError):
        read(found).entries()


def test_what_is_nested_too_deep_is_no_list_of_ansible() -> None:
    assert listed_in(b'{"_meta":' + b"[" * 100_000) is None


def test_a_service_is_the_same_in_any_case() -> None:
    variables = {"ansible_psrp_negotiate_service": "http", "ansible_winrm_service": "HOST"}
    assert said(**PSRP, **variables)[1]["kerberos_service"] == "HTTP"
    assert said(**WINRM, **variables)[1]["kerberos_service"] == "host"


def test_what_ansible_lists_is_no_inventory_of_ours(tmp_path: Path) -> None:
    (tmp_path / "an.json").write_text(json.dumps(listed({"A": WINRM})))
    with pytest.raises(InventoryError, match="what Ansible lists: write ansible:") as caught:
        open_inventory(tmp_path / "an.json")
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize("name", ["\ufeffSRV", "S?V", "S\N{REPLACEMENT CHARACTER}V", "srv[01:03]"])
def test_a_name_that_lost_letters_is_refused(name: str) -> None:
    with pytest.raises(InventoryError):
        read(listed({name: WINRM}))


def test_groups_are_for_choosing_and_variables_never_put_together_here() -> None:
    groups = {"web": {"hosts": ["B", "A"]}, "prod": {"children": ["web", "db"]}}
    hosts = {"A": {**WINRM, "ansible_user": "a"}, "B": PSRP, "L": {"ansible_user": "root"}}
    found = read(listed(hosts, **groups, db={"hosts": ["A", "L"]}))
    assert found.groups() == {"web": ("B", "A"), "prod": ("B", "A"), "db": ("A",)}
    by_name = {entry.name: entry for entry in found.entries()}
    assert by_name["A"].connection.user == "a"
    assert by_name["A"].groups == ("web", "prod", "db")
    assert found.notes == ("hosts.ini: 1 host left out, as Ansible reaches them otherwise.",)
    with pytest.raises(InventoryError, match="none of its 1 host is one of Windows"):
        read(listed({"L": {}}))


HTTP = {"ansible_port": 5985}


@pytest.mark.parametrize(
    ("hosts", "groups", "says"),
    [
        ({"A": WINRM}, {"g": {"hosts": ["A"], "vars": HTTP}}, "group g: ansible_port stands"),
        ({"A": WINRM}, {"all": {"children": ["g"], "vars": HTTP}, "g": ["A"]}, "group all: ansib"),
        ({"A": {}}, {"g": {"hosts": ["A"], "vars": WINRM}}, "group g: ansible_connection stands"),
        ({"A": WINRM, "L": {}}, {"g": {"hosts": ["L"], "vars": {"ansible_user": "root"}}}, ""),
        ({"A": WINRM}, {"g": {"hosts": ["A"], "vars": {"rack": 7}}}, ""),
    ],
)
def test_what_only_a_group_says_of_our_hosts_is_not_passed_over(
    hosts: Mapping[str, Any], groups: Mapping[str, Any], says: str
) -> None:
    """Scripts print it so, and Ansible with --export, or where its settings say so."""
    document = {**listed(hosts), **groups}
    if not says:
        assert [entry.name for entry in read(document).entries()] == ["A"]
        return
    with pytest.raises(InventoryError) as caught:
        read(document)
    [mistake] = caught.value.mistakes
    assert mistake.startswith(f"hosts.ini: {says}")


def test_certificates_are_checked_whatever_the_inventory_says_and_that_is_said_once() -> None:
    ignoring = {**WINRM, "ansible_winrm_server_cert_validation": "ignore"}
    [note] = read(listed({"A": ignoring, "B": ignoring})).notes
    assert "certificates of 2 hosts are not to be checked; they are checked here" in note


def test_a_job_held_to_one_password_takes_none_from_there() -> None:
    with pytest.raises(InventoryError, match="--passwords-only allows env:X"):
        read(listed({"A": {**WINRM, "ansible_password": CANARY}}), Trust("env:X"))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes an `ansible-inventory` that runs some Python."""

    def make(code: str) -> None:
        program = tmp_path / "ansible-inventory"
        program.write_text(f"#!{sys.executable}\nimport os, sys\n{code}\n")
        program.chmod(0o700)
        monkeypatch.setenv("PATH", str(tmp_path))

    return make


def test_ansible_itself_reads_its_files_strictly(fake: Callable[[str], None]) -> None:
    document = json.dumps(listed({"SRV": WINRM}))
    fake(
        "assert os.environ['ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED'] == '1'\n"
        "assert os.environ['ANSIBLE_INVENTORY_EXPORT'] == '0'\n"
        "assert sys.argv[1:] == ['--inventory=hosts.ini', '--list']\n"
        f"print({document!r})"
    )
    assert [entry.name for entry in open_inventory("ansible:hosts.ini").entries()] == ["SRV"]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            f"print({CANARY!r}); sys.exit('bad argument {CANARY}')",
            "ansible-inventory failed with exit code 1; `ansible-inventory -i … --list` says why",
        ),
        (f"print({CANARY!r})", "ansible-inventory has not printed an inventory"),
        (
            None,
            "ansible-inventory does not start: No such file or directory; is Ansible installed?",
        ),
    ],
)
def test_what_ansible_refuses_is_refused_and_its_output_is_never_shown(
    fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, code: str | None, says: str
) -> None:
    if code is None:
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        fake(code)
    with pytest.raises(InventoryError) as caught:
        open_inventory("ansible:hosts.ini")
    assert says in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_program_prints_an_inventory_of_ours_or_of_ansible(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text("hosts: {A: {port: 1}}")
    (tmp_path / "list.json").write_text(json.dumps(listed({"B": WINRM})))
    cat = f"import sys; print(open(sys.argv[1]).read())  # {CANARY}"
    for name, host in (("ours.yaml", "A"), ("list.json", "B")):
        found = open_inventory(f'command:{sys.executable} -c "{cat}" {tmp_path / name}')
        assert [entry.name for entry in found.entries()] == [host]
        assert CANARY not in found.source
    assert open_inventory(f"ansible:{tmp_path / 'list.json'}").groups() == {}
    with pytest.raises(InventoryError, match="failed with exit code 1") as caught:
        open_inventory(f'command:{sys.executable} -c "raise SystemExit({CANARY!r})"')
    assert CANARY not in str(caught.value)
    (tmp_path / "ours.yaml").write_text("hosts: {A: {prot: 1}}")
    with pytest.raises(InventoryError, match=r"command:cat …:1:13: A: there is no setting 'prot'"):
        open_inventory(f"command:cat {tmp_path / 'ours.yaml'}")


ONLY_OURS = pytest.mark.skipif(not OWNERS_ARE_KNOWN, reason="Windows has access lists, not modes")


@pytest.fixture
def ansible(fake: Callable[[str], None], tmp_path: Path) -> Path:
    """A file for an Ansible that tells of each start."""
    fake(f"open({str(tmp_path / 'started')!r}, 'w'); print({json.dumps(listed({'A': WINRM}))!r})")
    folder = tmp_path / "inv"
    folder.mkdir(0o700)
    path = folder / "hosts.ini"
    path.touch(0o600)
    return path


@ONLY_OURS
@pytest.mark.parametrize(
    ("mode", "folder_mode", "named", "says"),
    [
        (0o602, 0o700, "hosts.ini", "hosts.ini is not used, because others may write to it"),
        (0o620, 0o700, "", "hosts.ini is not used, because others may write to it"),
        (0o600, 0o702, "hosts.ini", "inv is not used, because others may write to it"),
        (0o600, 0o770, "", "inv is not used, because others may write to it"),
        (0o700, 0o700, "hosts.ini", "hosts.ini, because it is executable"),
        (0o610, 0o700, "", "hosts.ini, because it is executable"),
    ],
)
def test_ansible_is_not_asked_to_run_what_others_may_have_written(
    ansible: Path, tmp_path: Path, mode: int, folder_mode: int, named: str, says: str
) -> None:
    ansible.chmod(mode)
    ansible.parent.chmod(folder_mode)
    with pytest.raises(InventoryError, match="--allow-open-files") as caught:
        open_inventory(f"ansible:{ansible.parent / named}")
    assert says in str(caught.value)
    assert not (tmp_path / "started").exists()
    accepted = open_inventory(f"ansible:{ansible.parent / named}", Trust(allow_open=True))
    assert [entry.name for entry in accepted.entries()] == ["A"]


@ONLY_OURS
def test_what_is_mine_alone_is_read_by_ansible(ansible: Path) -> None:
    (ansible.parent / "gone").symlink_to("nowhere")
    (ansible.parent / "again").symlink_to(ansible.parent)
    for named in (ansible, ansible.parent):
        assert [entry.name for entry in open_inventory(f"ansible:{named}").entries()] == ["A"]


@ONLY_OURS
def test_a_program_that_others_may_write_to_is_not_run(tmp_path: Path) -> None:
    script = tmp_path / "inv.py"
    script.write_text(f"#!{sys.executable}\nprint('hosts: {{A: }}')\n")
    script.chmod(0o702)
    for line in (script, f"{sys.executable} {script}"):
        with pytest.raises(InventoryError, match=r"inv\.py is not used, because others may write"):
            open_inventory(f"command:{line}")
        accepted = open_inventory(f"command:{line}", Trust(allow_open=True))
        assert [entry.name for entry in accepted.entries()] == ["A"]


@pytest.mark.parametrize("allow_open", [False, True])
def test_a_job_held_to_one_password_runs_no_program_for_its_inventory(
    ansible: Path, tmp_path: Path, allow_open: bool
) -> None:
    for named in (f"ansible:{ansible}", f"command:{tmp_path / 'ansible-inventory'}"):
        with pytest.raises(InventoryError, match="--passwords-only allows no program"):
            open_inventory(named, Trust("env:X", allow_open))
    assert not (tmp_path / "started").exists()
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(listed({"B": WINRM})))
    found = open_inventory(f"ansible:{saved}", Trust("env:X"))
    assert [entry.name for entry in found.entries()] == ["B"]


def test_ansible_has_to_be_told_what_to_read() -> None:
    with pytest.raises(InventoryError, match="ansible: names nothing: write ansible:FILE"):
        open_inventory("ansible:")


def from_elsewhere(rest: str, trust: Trust) -> ListedInventory:
    assert trust.only_password is None
    return ListedInventory([InventoryHost(rest, rest, Connection())])


def test_a_package_may_bring_a_format(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("cmdb", "elsewhere:load", opening.ENTRY_POINTS)
    monkeypatch.setattr(EntryPoint, "load", lambda _: from_elsewhere)
    monkeypatch.setattr(
        opening, "entry_points", lambda **wanted: EntryPoints([point]).select(**wanted)
    )
    assert [entry.name for entry in open_inventory("cmdb:SRV").entries()] == ["SRV"]
    with pytest.raises(InventoryError, match="the inventory other:SRV cannot be read"):
        open_inventory("other:SRV")
