"""`hosts check` as a doctor: each fault is found at its step, and nothing after it is tried."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from remediate.engine.engine import Engine
from remediate.engine.job import Settings
from remediate.lab.hosts import healthy_host, make_state
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step
from remediate.lab.server.tls import Tls
from remediate.model.check import StepState
from remediate.model.connection import Auth
from remediate.transport.protocol import Deadline
from remediate.transport.psrp import PsrpTransport
from remediate.transport.reach import certificate_of, look
from tests.cli.conftest import Result
from tests.transport.scripted import Scripted, ok

Cli = Callable[..., Result]
BEFORE = ["name", "port", "tls", "winrm", "logon", "shell"]
WAY = [*BEFORE, "powershell", "administrator", "room", "clock"]


@pytest.fixture
def check(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What is said of a host that a lab serves."""

    def run(*words: object, password: str, code: int) -> Any:
        monkeypatch.setenv("REMEDIATE_PASSWORD", password)
        result = cli("hosts", "check", *words, "--format", "json")
        assert result.code == code, result.err
        return result.data["hosts"][0]

    return run


def test_the_whole_way_to_a_host_is_told(check: Callable[..., Any]) -> None:
    with Lab([make_state()], tls=Tls.VALID) as lab:
        host = lab.hosts[0]
        at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
        at += ["--tls", "--ca-file", str(host.ca_file)]
        steps = check(*at, password=host.password, code=0)["steps"]
        assert [step["step"] for step in steps] == WAY
        seen = {step["step"]: step["seen"] for step in steps}
        assert seen["name"] == host.address
        assert seen["winrm"] == "it offers Negotiate, Basic"
        assert seen["logon"] == f"basic as {host.user}"
        assert seen["powershell"].startswith("PowerShell 5.1.")
        assert seen["powershell"].endswith("in FullLanguage mode")
        assert seen["room"] == r"60 GB free on C:, for C:\Program Files\remediate"
        known = {name: step[name] for step in steps for name in NUMBERS if step[name] is not None}
        assert known == {
            "language_mode": "FullLanguage",
            "rights": "administrator",
            "free": 60 * 2**30,
        }
        tls = steps[WAY.index("tls")]
        assert tls["certificate"]["pin"] == certificate_of(host.target(), Deadline(30)).pin
        # 31 days, one of them gone: soon to be renewed
        assert [step["step"] for step in steps if step["state"] != "ok"] == ["tls"]
        assert tls["state"] == "warning"
        assert all(steps[WAY.index(step)]["ms"] is not None for step in WAY[:4])


NUMBERS = ("language_mode", "rights", "free")
ROOMLESS = {"volume": {"C:": {"free": 16 * 2**20 - 1}}}
UNFIT: list[tuple[str, dict[str, Any], str, str, str]] = [
    (
        "powershell",
        {"session": {"language_mode": "ConstrainedLanguage"}},
        "constrained_language",
        "runs PowerShell in ConstrainedLanguage mode",
        "an audit is answered in part",
    ),
    (
        "administrator",
        {"session": {"account": "user"}},
        "not_administrator",
        "no administrator",
        "put the account into Administrators",
    ),
    (
        "administrator",
        {"session": {"account": "filtered"}},
        "uac_filtered",
        "in Administrators and a local one, and UAC has taken their rights",
        "LocalAccountTokenFilterPolicy to 1",
    ),
    (
        "administrator",
        {"session": {"account": "filtered of a domain"}},
        "uac_filtered",
        "in Administrators, and UAC has taken their rights",
        "use another one",
    ),
    ("room", ROOMLESS, "no_room", "15.99 MB free on C:", "16 MB are wanted"),
]


@pytest.mark.parametrize("transport", ["psrp", "winrs"])
@pytest.mark.parametrize(("step", "planted", "code", "says", "hint"), UNFIT)
def test_what_keeps_a_host_from_being_repaired_is_found_at_its_step(
    step: str,
    planted: dict[str, Any],
    code: str,
    says: str,
    hint: str,
    transport: str,
    check: Callable[..., Any],
) -> None:
    with Lab([healthy_host(resources=planted)]) as lab:
        host = lab.hosts[0]
        at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
        told = check(*at, "--transport", transport, password=host.password, code=6)
        assert host.state.receipts == []
        assert not host.leaks()
    failed_at(step, told)
    assert told["outcome"] == "refused"
    assert told["problem"]["code"] == code
    assert says in told["problem"]["message"]
    assert hint in told["problem"]["hint"]


@pytest.mark.parametrize(
    ("facts", "untold"),
    [
        ({"lacks": ["whoami"]}, {"administrator": "whether the account is one cannot be told"}),
        (
            {"lacks": ["session", "volume"]},
            {
                "powershell": "its language mode cannot be told",
                "administrator": "whether the account is one cannot be told",
                "room": r"what is free for C:\Program Files\remediate cannot be told",
            },
        ),
        ({"denied": {"registry_value": "read"}}, {"room": "cannot be told"}),
    ],
)
def test_what_a_host_does_not_say_is_a_warning(
    facts: dict[str, Any], untold: dict[str, str], check: Callable[..., Any]
) -> None:
    with Lab([healthy_host(**facts)]) as lab:
        host = lab.hosts[0]
        at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
        steps = check(*at, password=host.password, code=0)["steps"]
    warned = {step["step"]: step["seen"] for step in steps if step["state"] == "warning"}
    assert warned.keys() == untold.keys()
    assert all(warned[step].endswith(text) for step, text in untold.items())


DENIED = Fault(match=Step.CREATE, do=Action.FAULT, code=5, count=0)
FAULTS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("tls", {"tls": Tls.EXPIRED}, "tls_untrusted", "it has expired (", "Renew it there"),
    ("tls", {"tls": Tls.SELF_SIGNED}, "tls_untrusted", "signed by itself", "--tls-pin sha256:"),
    ("logon", {"password": "wrong"}, "authentication_failed", "by basic", "tried once only"),
    ("logon", {"allow": [Auth.NTLM]}, "method_not_offered", "it offers Negotiate", "--auth"),
    ("shell", {"max_shells": 0}, "quota_exceeded", "too many shells", "other sessions"),
    ("shell", {"endpoints": ("x",)}, "endpoint_missing", "Microsoft.PowerShell", "shows those"),
    ("shell", {"faults": [DENIED]}, "access_denied", "denies", "LocalAccountTokenFilterPolicy"),
]


@pytest.mark.parametrize(("step", "planted", "code", "says", "hint"), FAULTS)
def test_each_fault_is_found_at_its_step(
    step: str, planted: dict[str, Any], code: str, says: str, hint: str, check: Callable[..., Any]
) -> None:
    options = {name: value for name, value in planted.items() if name != "password"}
    with Lab([make_state()], **options) as lab:
        host = lab.hosts[0]
        at = ["--host", f"{host.address}:{host.port}", "--user", host.user, "--auth", "basic"]
        at += ["--tls", "--ca-file", str(host.ca_file)] if host.tls else []
        told = check(*at, password=planted.get("password", host.password), code=5)
        if step == "tls":
            assert host.requests == 0
    failed_at(step, told, tls=host.tls)
    assert told["problem"]["code"] == code
    assert says in told["problem"]["message"]
    assert hint in told["problem"]["hint"]


def test_what_is_no_host_at_all_is_found_before_anything_is_sent(check: Callable[..., Any]) -> None:
    told = check("--host", "nowhere.invalid", "--user", "u", "--no-tls", password="x", code=5)
    failed_at("name", told)
    told = check("--host", "127.0.0.1:1", "--user", "u", "--no-tls", password="x", code=5)
    failed_at("port", told)
    with Scripted(ok(b"<html>", "200 OK")) as page:
        at = ["--host", f"127.0.0.1:{page.port}", "--user", "u"]
        told = check(*at, password="x", code=5)
        assert (page.connections, b"Authorization" in page.requests[0]) == (1, False)
    failed_at("winrm", told)
    assert "it answers HTTP 200 where WinRM asks who one is" in told["problem"]["message"]


def failed_at(step: str, told: Any, *, tls: bool = False) -> None:
    """Check that all steps before one are ok, and those after it not tried."""
    way = [each for each in WAY if tls or each != "tls"]
    states = [each["state"] for each in told["steps"]]
    at = way.index(step)
    assert [each["step"] for each in told["steps"]] == way
    assert states[at:] == ["failed", *["not_tried"] * (len(way) - at - 1)]
    assert set(states[:at]) <= {"ok", "warning"}


@pytest.mark.parametrize(("year", "state"), [(2020, "warning"), (None, "ok")])
def test_a_clock_that_is_off_is_a_warning(year: int | None, state: str) -> None:
    with Lab([make_state()]) as lab:
        host = lab.hosts[0]
        engine = Engine(
            PsrpTransport(lambda _: SecretStr(host.password)),
            Settings(operator="ada@bastion"),
            now=lambda: datetime(year, 1, 1, tzinfo=UTC) if year else datetime.now(UTC),
            approach=look,
        )
        [report] = engine.check([host.target()])
    assert report.steps[-1].step == "clock"
    assert report.steps[-1].state is StepState(state)
    assert ("ahead of this machine's" in report.steps[-1].seen) is (year is not None)


def test_people_are_told_step_by_step(cli: Cli, lab: Lab, at: list[str]) -> None:
    shown = cli("hosts", "check", *at).out.splitlines()
    steps = [line.split()[:2] for line in shown[1 : len(WAY)]]
    assert steps == [[step, "ok"] for step in WAY if step != "tls"]
