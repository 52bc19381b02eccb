"""No question waits for ever: commands have limits, lists a count, texts a length."""

from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.hosts import healthy_host, make_state
from remediate.powershell.messages import Call, Reply, Request, Status, decode_reply
from remediate.powershell.script import compose
from remediate.resources.scheduled_task import ScheduledTask

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has tests/conformance

FOLDER = "\\Microsoft\\OnlineBackup\\"
SYSTEM_STATE = FOLDER + "Microsoft-OnlineBackup-SystemStateBackup"
CLOCK = """
$script:Late = 0
function Get-Date { ([datetime] '2026-05-04').AddSeconds($script:Late) }
function Get-RemediateLeft { Get-RemediateSecondsLeft }
function Get-RemediateLate { $script:Late += 9 }
"""
"""A clock that stands still, but for a function that puts it forward."""
LAB = """
function Invoke-RemediateLab {
    param([string] $Name, $Session)
    $module = Get-Module -All | Where-Object { $_.ExportedFunctions.ContainsKey($Name) }
    & @($module)[0] { param($Name, $Arguments) & $Name @Arguments } $Name $Session
}
"""
"""Asks the stand-ins what they know of sessions."""


def ask(
    windows: Any,
    *calls: Call,
    functions: str = "",
    seconds: float | None = None,
    patience: float = 15,
) -> tuple[list[str], Reply]:
    """What the host puts out, and what that says.

    Args:
        windows: the host.
        calls: what it is asked.
        functions: PowerShell that is defined besides.
        seconds: for all calls together.
        patience: how long answers may be kept back.
    """
    request = Request(run="R1", calls=calls, seconds=seconds, patience=patience)
    marker = "Invoke-RemediateRequest -Request $Request"
    script = compose(ScheduledTask.writing_files()).text.replace(marker, functions + marker)
    texts = [str(text) for text in windows.run(script, Request=request.encode())]
    return texts, decode_reply(texts, request)


def call(function: str, id_: str = "1", seconds: float | None = None, **arguments: Any) -> Call:
    return Call(id=id_, function=function, arguments=arguments, seconds=seconds)


TASKS = call("Get-RemediateScheduledTask", folder=FOLDER)


def sessions(windows: Any) -> int:
    """How many are open."""
    [count] = windows.run(LAB + "@(Invoke-RemediateLab -Name Get-LabSession -Session @{}).Count")
    return int(count)


def error_of(reply: Reply, id_: str = "1") -> str:
    error = reply[id_].error
    assert error, reply[id_]
    return f"{error.error_id.partition(',')[0]}: {error.message}"


def test_a_command_is_given_what_is_left_of_the_time_of_its_call(
    windows: Callable[..., Any],
) -> None:
    calls = [call("Get-RemediateLeft", str(seconds), seconds) for seconds in (1.5, 2, 10, 100)]
    _, reply = ask(windows(), *calls, functions=CLOCK, seconds=50)
    assert [result.value for result in reply.calls] == [[1], [2], [10], [50]]


def test_where_a_call_has_no_limit_a_command_has_a_minute(windows: Callable[..., Any]) -> None:
    _, reply = ask(windows(), call("Get-RemediateLeft"), functions=CLOCK)
    assert reply["1"].value == [60]


def test_a_call_for_which_no_time_is_left_is_not_begun(windows: Callable[..., Any]) -> None:
    calls = [call("Get-RemediateLate", id_) for id_ in "abc"]
    _, reply = ask(windows(), *calls, functions=CLOCK, seconds=15)
    statuses = [result.status for result in reply.calls]
    assert statuses == [Status.OK, Status.OK, Status.UNANSWERED]


def test_a_session_has_the_limit_of_its_call_and_ends_with_it(windows: Callable[..., Any]) -> None:
    limits = """
    function Get-RemediateLimits {
        foreach ($late in 0, 0, 4) {
            $script:Late += $late
            Invoke-RemediateLab -Name Get-LabLimit -Session @{ Session = Get-RemediateCimSession }
        }
        @(Invoke-RemediateLab -Name Get-LabSession -Session @{}).Count
    }
    """
    host = windows()
    functions = CLOCK + LAB + limits
    _, reply = ask(host, call("Get-RemediateLimits", seconds=10), functions=functions)
    assert reply["1"].value == [10, 10, 6, 1]
    assert sessions(host) == 0


@pytest.mark.parametrize("denied", [{}, {"scheduled_task": "read"}])
def test_no_session_is_left_behind_however_a_question_ends(
    windows: Callable[..., Any], denied: Any
) -> None:
    state = make_state()
    state.denied = denied
    host = windows(state)
    ask(host, TASKS)
    assert sessions(host) == 0


def test_answers_are_kept_back_only_so_long(windows: Callable[..., Any]) -> None:
    calls = [call("Get-RemediateLate", id_) for id_ in "abcd"]
    assert len(ask(windows(), *calls, functions=CLOCK)[0]) == 3  # after 18 and 27 seconds, and all
    assert len(ask(windows(), *calls, functions=CLOCK, patience=0)[0]) == 5  # its name first
    assert len(ask(windows(), *calls, functions=CLOCK, patience=100)[0]) == 1


LISTS = """
function Get-RemediateMany { 1..4 | Limit-RemediateList -Name 'things' -Most 3 }
function Get-RemediateFew { 1..3 | Limit-RemediateList -Name 'things' -Most 3 }
function Get-RemediateLong { Limit-RemediateText -Text 'abcd' -Name 'The thing' -Most 3 }
function Get-RemediateShort { Limit-RemediateText -Text 'abc' -Name 'The thing' -Most 3 }
function Get-RemediateForEver {
    1..100 | ForEach-Object -Process { $script:Late += 1; $_ } | Limit-RemediateList -Name 'things'
}
"""


def test_a_list_has_a_count_and_a_time_and_a_text_a_length(windows: Callable[..., Any]) -> None:
    names = ("Many", "Few", "Long", "Short", "ForEver")
    calls = [call(f"Get-Remediate{name}", name, 10) for name in names]
    _, reply = ask(windows(), *calls, functions=CLOCK + LISTS)
    assert error_of(reply, "Many") == "RemediateTooMany: There are more than 3 things."
    assert reply["Few"].value == [1, 2, 3]
    too_long = "RemediateTooLong: The thing has 4 characters; 3 is the most that is read."
    assert error_of(reply, "Long") == too_long
    assert reply["Short"].value == ["abc"]
    assert error_of(reply, "ForEver").startswith("RemediateNoTime")


def test_an_answer_that_is_too_long_is_an_error_of_that_call_only(
    windows: Callable[..., Any],
) -> None:
    functions = """
    $script:RemediateMost = 100
    function Get-RemediateLong { 'x' * 100 }
    function Get-RemediateShort { 'x' }
    """
    calls = (call("Get-RemediateLong"), call("Get-RemediateShort", "2"))
    _, reply = ask(windows(), *calls, functions=functions)
    assert error_of(reply).startswith("RemediateTooLong: The answer has ")
    assert reply["2"].value == ["x"]


def test_no_task_is_written_after_a_call_that_failed(windows: Callable[..., Any]) -> None:
    """Whatever a call needs must have succeeded, or it is skipped."""
    functions = """
    function Get-RemediateBroken { throw 'no' }
    function Get-RemediateNext { 'carried out' }
    """
    needing = Call(id="2", function="Get-RemediateNext", needs=("1",))
    _, reply = ask(windows(), call("Get-RemediateBroken"), needing, functions=functions)
    assert [result.status.value for result in reply.calls] == ["error", "skipped"]


UNREADABLE = """
Import-Module -Name ScheduledTasks
function Export-ScheduledTask {
    param([string] $TaskName, [string] $TaskPath, $CimSession)
    if ($TaskName -notlike '*SystemState*') { return '<Task/>' }
    Write-Error -Message 'It is broken.' -ErrorId 'HRESULT 0x8004131a' -Category WHAT
}
"""


@pytest.mark.parametrize(
    ("category", "says"),
    [
        (
            "NotSpecified",
            f"RemediateUnreadable: Windows cannot read task {SYSTEM_STATE}: It is broken.",
        ),
        ("OperationTimeout", "HRESULT 0x8004131a: It is broken."),
        ("PermissionDenied", "HRESULT 0x8004131a: It is broken."),
    ],
)
def test_a_task_that_windows_cannot_read_is_named(
    windows: Callable[..., Any], category: str, says: str
) -> None:
    """What takes too long, or is not allowed, says so itself."""
    functions = UNREADABLE.replace("WHAT", category)
    assert error_of(ask(windows(), TASKS, functions=functions)[1]) == says


EVERYWHERE = """
Import-Module -Name ScheduledTasks
function Get-ScheduledTask {
    param([string] $TaskPath, [string] $TaskName, $CimSession, $ErrorAction)
    ScheduledTasks\\Get-ScheduledTask
}
"""


def test_a_task_of_another_folder_is_not_taken_for_one_of_this(
    windows: Callable[..., Any],
) -> None:
    """Whatever Windows takes a folder's name for: what it gives is looked at once more."""
    _, reply = ask(windows(), TASKS, functions=EVERYWHERE)
    found: Any = reply["1"].value
    assert [task["path"] for task in found] == [FOLDER] * 3


def test_a_definition_that_is_too_long_is_named(windows: Callable[..., Any]) -> None:
    state = make_state()
    task = state.section("scheduled_tasks")[0]
    task["xml"] = task["xml"].replace("<Author>", f"<Author>{'x' * 1_000_000}")
    says = error_of(ask(windows(state), TASKS)[1])
    assert says.startswith(f"RemediateTooLong: The definition of task {task['path']}{task['name']}")


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("volume", "Get-CimInstance -ClassName Win32_Volume -OperationTimeoutSec 1"),
        ("scheduled_task", "Get-ScheduledTask -CimSession (New-CimSession -OperationTimeoutSec 1)"),
    ],
)
def test_a_command_that_hangs_honours_the_limit_that_it_is_given(
    windows: Callable[..., Any], kind: str, command: str
) -> None:
    state = make_state()
    state.hangs = {kind: "slow"}
    error = windows(state).fail(command)
    assert error.FullyQualifiedErrorId.startswith("HRESULT 0x40004")
    assert error.CategoryInfo.Category.name == "OperationTimeout"


def test_a_session_that_was_removed_is_of_no_use(windows: Callable[..., Any]) -> None:
    script = "$s = New-CimSession; Remove-CimSession -CimSession $s; "
    assert "disposed" in str(windows().fail(script + "Get-ScheduledTask -CimSession $s"))


def test_the_service_control_manager_knows_services_and_their_dependents(
    windows: Callable[..., Any],
) -> None:
    service = {"status": "Stop Pending", "dependents": {"Bob's Sync": "Start Pending"}}
    host = windows(healthy_host(resources={"service": {"MSiSCSI": service}}))
    script = """
    $service = Get-Service -Name 'msiscsi'
    [int] $service.Status
    foreach ($one in $service.DependentServices) { $one.ServiceName; [int] $one.Status }
    @(Get-Service -Name '*').Count
    """
    assert host.run(script) == [3, "Bob's Sync", 2, 2]
    missing = host.fail("Get-Service -Name 'Nothing'")
    assert missing.FullyQualifiedErrorId.startswith("NoServiceFoundForGivenName")
