"""The stand-in ScheduledTasks module behaves as documented for Windows."""

from collections.abc import Callable
from typing import Any

import pytest

from remediate.lab.kinds import record, records
from remediate.lab.kinds.scheduled_task import FOLDER, make_task
from remediate.lab.state import HostState
from remediate.resources.scheduled_task import MultipleInstances

pytestmark = [pytest.mark.powershell, pytest.mark.slow]  # the ordinary run has tests/conformance

NAME = "Microsoft-OnlineBackup"
PARALLEL, QUEUE, IGNORE_NEW, STOP_EXISTING = MultipleInstances
GET = "param($Name, $Folder) $task = Get-ScheduledTask -TaskName $Name -TaskPath $Folder; "
NAMES = "ForEach-Object -Process { $_.TaskName }"
Make = Callable[..., Any]


def tasks(*tasks: dict[str, Any]) -> HostState:
    return HostState("SRV01", {"scheduled_tasks": list(tasks)})


def test_a_task_shows_what_its_definition_says(windows: Make) -> None:
    seen = windows().run(
        GET
        + """
        "$($task.State)"; $task.CimInstanceProperties['State'].Value
        "$($task.Settings.MultipleInstances)"
        $task.Settings.CimInstanceProperties['multipleinstances'].Value
        "$($task.Principal.LogonType)"
        $task.Principal.CimInstanceProperties.Item('LogonType').Value
        $task.Principal.UserId; "$($task.Principal.RunLevel)"; $task.URI
        $task.Settings.AllowHardTerminate; $task.Settings.Priority
        $task.Settings.ExecutionTimeLimit
        $task.Settings.IdleSettings.StopOnIdleEnd; $task.Settings.IdleSettings.WaitTimeout
        $task.Triggers[0].CimClass.CimClassName; $task.Triggers[0].DaysInterval
        $task.Actions[0].Execute; $task.Actions[0].WorkingDirectory
        $task.Settings.CimSystemProperties.ClassName
        """,
        Name=NAME,
        Folder=FOLDER,
    )
    assert seen == [
        *("Ready", 3, "Parallel", 0, "ServiceAccount", 5, "S-1-5-18", "Highest", FOLDER + NAME),
        *(True, 7, "PT0S", False, "PT1H", "MSFT_TaskDailyTrigger", 1, "powershell.exe", None),
        "MSFT_TaskSettings3",
    ]


def test_absent_elements_show_the_documented_defaults(windows: Make) -> None:
    task = make_task("bare")
    head, _, rest = task["xml"].partition("<Settings>")
    task["xml"] = (
        head + "<Settings><Hidden>true</Hidden></Settings>" + rest.partition("</Settings>")[2]
    )
    seen = windows(tasks(task)).run(
        GET
        + """
        $s = $task.Settings
        $s.CimInstanceProperties['MultipleInstances'].Value; $s.Hidden; $s.Enabled; $s.Priority
        $s.ExecutionTimeLimit; $s.StartWhenAvailable; $s.RestartCount; "$($s.Compatibility)"
        """,
        Name="bare",
        Folder=FOLDER,
    )
    assert seen == [2, True, True, 7, "PT72H", False, 0, "Vista"]


def test_the_enum_has_no_name_for_stop_existing_but_the_number_is_there(windows: Make) -> None:
    host = windows(tasks(make_task("t", STOP_EXISTING)))
    script = GET + "$null -eq $task.Settings.MultipleInstances; "
    script += "$task.Settings.CimInstanceProperties['MultipleInstances'].Value"
    assert host.run(script, Name="t", Folder=FOLDER) == [True, 3]


@pytest.mark.parametrize("policy", list(MultipleInstances))
def test_every_policy_can_be_written_and_put_back_to_the_byte(
    windows: Make, policy: MultipleInstances
) -> None:
    host = windows(tasks(make_task("t", policy), make_task("other", QUEUE)))
    before = host.state.snapshot()
    script = """
        param($Name, $Folder, $To)
        $task = Get-ScheduledTask -TaskName $Name -TaskPath $Folder
        $task.Settings.CimInstanceProperties['MultipleInstances'].Value = $To
        $null = Set-ScheduledTask -InputObject $task
    """
    for value in MultipleInstances:
        host.run(script, Name="t", Folder=FOLDER, To=int(value))
        assert record(host.state, "scheduled_task", name="t")["multiple_instances"] == value
    host.run(script, Name="t", Folder=FOLDER, To=int(policy))
    assert host.state.snapshot() == before


def test_setting_the_property_by_the_enums_name_is_the_same(windows: Make) -> None:
    host = windows()
    script = GET + "$task.Settings.MultipleInstances = 'Queue'; $null = $task | Set-ScheduledTask"
    host.run(script, Name=NAME, Folder=FOLDER)
    assert record(host.state, "scheduled_task", name=NAME)["multiple_instances"] == QUEUE


def test_other_settings_are_written_too_and_nothing_else(windows: Make) -> None:
    host = windows()
    before = record(host.state, "scheduled_task", name=NAME)["xml"]
    script = GET + "$task.Settings.Priority = 4; $task.Settings.Volatile = $true; "
    host.run(script + "$null = Set-ScheduledTask -InputObject $task", Name=NAME, Folder=FOLDER)
    after = record(host.state, "scheduled_task", name=NAME)["xml"]
    expected = before.replace("<Priority>7<", "<Priority>4<").replace(
        "  <Settings>\r\n", "  <Settings>\r\n    <Volatile>true</Volatile>\r\n"
    )
    assert after == expected


@pytest.mark.parametrize("change", ["$task.Description = 'x'", "$task.Actions[0].Execute = 'x'"])
def test_what_the_stand_in_cannot_write_is_refused_and_not_written(
    windows: Make, change: str
) -> None:
    host = windows()
    before = host.state.snapshot()
    script = f"{GET} {change}; Set-ScheduledTask -InputObject $task"
    error = host.fail(script, Name=NAME, Folder=FOLDER)
    assert "NotImplementedException" in error.FullyQualifiedErrorId or "cannot change" in str(error)
    assert host.state.snapshot() == before


@pytest.mark.parametrize("logon", ["Password", "InteractiveTokenOrPassword"])
def test_a_stored_password_has_to_be_given_again(windows: Make, logon: str) -> None:
    task = make_task("t", PARALLEL, stored_password=True)
    task["xml"] = task["xml"].replace(">Password<", f">{logon}<")
    host = windows(tasks(task))
    before = host.state.snapshot()
    script = GET + "$task.Settings.MultipleInstances = 'Queue'; $task | Set-ScheduledTask"
    error = host.fail(script, Name="t", Folder=FOLDER)
    assert error.FullyQualifiedErrorId == "HRESULT 0x8007052e,Set-ScheduledTask"
    assert host.state.snapshot() == before


@pytest.mark.parametrize(
    ("script", "error_id"),
    [
        (
            "Get-ScheduledTask -TaskName nope",
            "CmdletizationQuery_NotFound_TaskName,Get-ScheduledTask",
        ),
        (
            "Get-ScheduledTask -TaskPath '\\nope\\'",
            "CmdletizationQuery_NotFound_TaskPath,Get-ScheduledTask",
        ),
        (
            "Get-ScheduledTask -TaskName nope -TaskPath '\\nope\\'",
            "CmdletizationQuery_NotFound,Get-ScheduledTask",
        ),
        ("Export-ScheduledTask -TaskName nope", "HRESULT 0x80070002,Export-ScheduledTask"),
        ("Get-ScheduledTaskInfo -TaskName nope", "HRESULT 0x80070002,Get-ScheduledTaskInfo"),
        ("Disable-ScheduledTask -TaskName nope", "HRESULT 0x80070002,Disable-ScheduledTask"),
        ("Get-CimInstance -ClassName Win32_Nope", "HRESULT 0x80041010,Get-CimInstance"),
    ],
)
def test_errors_have_the_same_ids_but_other_texts_in_every_language(
    windows: Make, script: str, error_id: str
) -> None:
    texts = set()
    for culture in ("en-US", "ko-KR", "de-DE"):
        host = windows(HostState("SRV01", {"scheduled_tasks": [make_task("t")]}, culture=culture))
        error = host.fail(script)
        assert error.FullyQualifiedErrorId == error_id
        texts.add(str(error.Exception.Message))
    assert len(texts) == 3


def test_missing_tasks_are_job_exceptions_and_do_not_end_the_pipeline(windows: Make) -> None:
    host = windows()
    seen = host.run(
        """
        try { Get-ScheduledTask -TaskName nope -ErrorAction Stop }
        catch { $_.Exception.GetType().FullName; "$($_.CategoryInfo.Category)"; $_.TargetObject }
        $names = 'nope', 'Microsoft-OnlineBackup'
        @(Get-ScheduledTask -TaskName $names -ErrorAction SilentlyContinue).Count
        """
    )
    kind = "Microsoft.PowerShell.Cmdletization.Cim.CimJobException"
    assert seen == [kind, "ObjectNotFound", "nope", 1]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("", ["Ab", "a[b", "ab1", "x"]),
        ("-TaskName a*", ["Ab", "a[b", "ab1"]),
        ("-TaskName AB", ["Ab"]),
        ("-TaskName a?", ["Ab"]),
        ("-TaskName 'a`[b'", ["a[b"]),
        ("-TaskName '[aA]b'", ["Ab"]),
        ("-TaskName nothing*", []),
        ("-TaskPath '\\One\\'", ["Ab", "a[b"]),
        ("-TaskPath '\\one*'", ["Ab", "a[b", "ab1"]),
        ("-TaskPath '\\One\\Two\\' -TaskName *", ["ab1"]),
        ("-TaskName Ab, x", ["Ab", "x"]),
        ("Ab \\One\\", ["Ab"]),
    ],
)
def test_names_and_paths_are_patterns_as_on_windows(
    windows: Make, arguments: str, names: list[str]
) -> None:
    one, two = "\\One\\", "\\One\\Two\\"
    state = tasks(
        make_task("Ab", folder=one),
        make_task("a[b", folder=one),
        make_task("ab1", folder=two),
        make_task("x", folder="\\"),
    )
    assert sorted(windows(state).run(f"Get-ScheduledTask {arguments} | {NAMES}")) == names


def test_disable_enable_start_and_stop_move_the_state(windows: Make) -> None:
    host = windows()
    before = host.state.snapshot()
    given = "-TaskName Microsoft-OnlineBackup -TaskPath '\\Microsoft\\OnlineBackup\\'"
    seen = host.run(f'"$((Disable-ScheduledTask {given}).State)"; Start-ScheduledTask {given}')
    assert seen == ["Disabled"]
    task = record(host.state, "scheduled_task", name=NAME)
    assert task["state"] == 4
    assert "<Enabled>false</Enabled>\r\n    <Hidden>" in task["xml"]
    host.run(f"Stop-ScheduledTask {given}; $null = Enable-ScheduledTask {given}")
    assert host.state.snapshot() == before


def test_a_task_that_never_ran_has_the_documented_result(windows: Make) -> None:
    seen = windows().run(
        GET
        + "$i = $task | Get-ScheduledTaskInfo; $i.LastTaskResult; $i.LastRunTime.Year; $i.TaskPath",
        Name=NAME,
        Folder=FOLDER,
    )
    assert seen == [267011, 1999, FOLDER]


def test_parameters_that_are_not_implemented_say_so(windows: Make) -> None:
    error = windows().fail("Get-ScheduledTask -ThrottleLimit 3")
    assert "does not implement -ThrottleLimit" in str(error)


def test_the_operating_system_is_the_hosts(windows: Make) -> None:
    state = HostState("SRV07", os="10.0.20348", culture="ko-KR")
    script = (
        "$os = Get-CimInstance -ClassName Win32_OperatingSystem; "
        "$os.CSName; $os.Version; $os.OSLanguage"
    )
    assert windows(state).run(script) == ["SRV07", "10.0.20348", 1042]


def test_sessions_that_write_at_once_lose_nothing(windows: Make) -> None:
    names = [f"t{number}" for number in range(8)]
    host = windows(tasks(*(make_task(name, PARALLEL) for name in names)))
    host.run(
        """
        param($Names)
        $jobs = foreach ($name in $Names) {
            $shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
            $null = $shell.AddScript({
                param($Name)
                $task = Get-ScheduledTask -TaskName $Name
                $task.Settings.CimInstanceProperties['MultipleInstances'].Value = 2
                $null = Set-ScheduledTask -InputObject $task -ErrorAction Stop
            }).AddArgument($name)
            @{ Shell = $shell; Wait = $shell.BeginInvoke() }
        }
        foreach ($job in $jobs) { $null = $job.Shell.EndInvoke($job.Wait); $job.Shell.Dispose() }
        """,
        Names=names,
    )
    assert [t["multiple_instances"] for t in records(host.state, "scheduled_task")] == [2] * 8
