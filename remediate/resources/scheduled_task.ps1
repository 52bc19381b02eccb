# Tasks of Task Scheduler: reads all of them in a folder, writes the multiple-instance policy.
# The policy is the integer in CimInstanceProperties: the enum shown for it has no name for 3 (StopExisting).
# Names are compared by their characters: on Windows -eq overlooks some, such as the soft hyphen.

function Find-RemediateTask {
    # The tasks of exactly this folder, or the one of this name in it; none is no error.
    param([string] $Folder, [string] $Name)
    # surface: allow language-mode - Escape keeps brackets in a folder's name from being a pattern
    $path = [System.Management.Automation.WildcardPattern]::Escape($Folder)
    # surface: allow language-mode - as above
    $pattern = [System.Management.Automation.WildcardPattern]::Escape($Name)
    try {
        if ($Name) { $tasks = @(Get-ScheduledTask -TaskPath $path -TaskName $pattern -CimSession (Get-RemediateCimSession) -ErrorAction Stop | Limit-RemediateList -Name 'tasks') }
        else { $tasks = @(Get-ScheduledTask -TaskPath $path -CimSession (Get-RemediateCimSession) -ErrorAction Stop | Limit-RemediateList -Name 'tasks') }
    }
    catch {
        $id = [string] $_.FullyQualifiedErrorId
        if ($id -match '^HRESULT 0x(800413|8007)' -and [string] $_.CategoryInfo.Category -ne 'PermissionDenied') {
            Stop-RemediateCall -ErrorId 'RemediateUnreadable' -Message "Windows lists no task here: $($_.Exception.Message) One damaged task is enough for that."
        }
        if ($id -notlike 'CmdletizationQuery_NotFound*') { throw }
        $tasks = @()
    }
    return @($tasks | Where-Object -FilterScript { [string]::Equals($_.TaskPath, $Folder, 'OrdinalIgnoreCase') })
}

function Read-RemediateTask {
    # One task with its settings and its whole definition. One that Windows cannot read is named, and ends the call: without
    # it nobody can say how the tasks of its folder are.
    param($Task)
    $path = [string] $Task.TaskPath + [string] $Task.TaskName
    try {
        $result = [ordered]@{
            path               = [string] $Task.TaskPath
            name               = [string] $Task.TaskName
            multiple_instances = $Task.Settings.CimInstanceProperties['MultipleInstances'].Value
            logon_type         = $Task.Principal.CimInstanceProperties['LogonType'].Value
            state              = $Task.CimInstanceProperties['State'].Value
            xml                = [string] (Export-ScheduledTask -TaskName $Task.TaskName -TaskPath $Task.TaskPath -CimSession (Get-RemediateCimSession))
        }
    }
    catch {
        if (@('OperationTimeout', 'PermissionDenied') -contains [string] $_.CategoryInfo.Category) { throw }
        Stop-RemediateCall -ErrorId 'RemediateUnreadable' -Message "Windows cannot read task ${path}: $($_.Exception.Message)"
    }
    $result['xml'] = Limit-RemediateText -Text $result['xml'] -Name "The definition of task $path"
    return $result
}

function Get-RemediateScheduledTask {
    # Every task in a folder, with its settings and its whole definition.
    param([string] $Folder)
    foreach ($task in @(Find-RemediateTask -Folder $Folder)) {
        Assert-RemediateTime
        Read-RemediateTask -Task $task
    }
}

function Set-RemediateScheduledTask {
    # Writes the policy of one task, if it still has the value that was seen.
    param([hashtable] $Identity, [hashtable] $Before, [hashtable] $After)
    $name = $Identity['name']
    $found = @(Find-RemediateTask -Folder $Identity['path'] -Name $name | Where-Object -FilterScript { [string]::Equals($_.TaskName, $name, 'OrdinalIgnoreCase') })
    if ($found.Count -ne 1) {
        Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'The task is no longer there.'
    }
    $task = $found[0]
    $policy = $task.Settings.CimInstanceProperties['MultipleInstances']
    if ($policy.Value -ne $Before['multiple_instances']) {
        Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'The policy is no longer what it was.' -Detail @{ property = 'multiple_instances'; current = $policy.Value }
    }
    # TASK_LOGON_PASSWORD (1) and TASK_LOGON_INTERACTIVE_TOKEN_OR_PASSWORD (6)
    if (@(1, 6) -contains $task.Principal.CimInstanceProperties['LogonType'].Value) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task stores a password; Windows would want it again to save the task.'
    }
    # a bare MSFT_TaskTrigger stands for what the commands do not know; saving a task starts one with the other
    $unsavable = @($task.Triggers | Where-Object -FilterScript { $null -ne $_ -and @('MSFT_TaskTrigger', 'MSFT_TaskRegistrationTrigger') -contains [string] $_.CimClass.CimClassName })
    if ($unsavable.Count) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task has a trigger that the commands of Windows would not save as it is, or that starts it whenever it is saved.'
    }
    # surface: allow language-mode - only a pipeline that has the lease writes, and that needs FullLanguage
    $policy.Value = [int] $After['multiple_instances']
    # by name and with the settings only: a whole object would be sent back, with all that Windows did not show of it
    $null = Set-ScheduledTask -TaskPath $task.TaskPath -TaskName $task.TaskName -Settings $task.Settings -CimSession (Get-RemediateCimSession)
}
