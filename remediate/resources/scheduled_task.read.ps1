# Tasks of Task Scheduler: reads all of them in a folder, writes the multiple-instance policy, and whether a task is on.
# The policy is the integer in CimInstanceProperties: the enum shown for it has no name for 3 (StopExisting).
# Names are compared by their characters: on Windows -eq overlooks some, such as the soft hyphen.

function Find-RemediateScheduledTask {
    # The task of this name in exactly this folder, or all in it when no name is said; none is no error.
    param([hashtable] $Identity)
    $folder = $Identity['path']
    $name = [string] $Identity['name']
    # a bracket in a name is no pattern; WildcardPattern.Escape is not to be had in a constrained language
    $path = $folder -replace '[\[\]*?`]', '`$0'
    $pattern = $name -replace '[\[\]*?`]', '`$0'
    try {
        if ($name) { $tasks = @(Get-ScheduledTask -TaskPath $path -TaskName $pattern -CimSession (Get-RemediateCimSession) -ErrorAction Stop | Limit-RemediateList -Name 'tasks') }
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
    return @($tasks | Where-Object -FilterScript { [string]::Equals($_.TaskPath, $folder, 'OrdinalIgnoreCase') -and (-not $name -or [string]::Equals($_.TaskName, $name, 'OrdinalIgnoreCase')) })
}

function Read-RemediateScheduledTask {
    # What can be set of a task, as it is now.
    param($Current)
    return @{
        multiple_instances = $Current.Settings.CimInstanceProperties['MultipleInstances'].Value
        enabled            = [bool] $Current.Settings.CimInstanceProperties['Enabled'].Value
    }
}

function Get-RemediateTask {
    # One task with its settings and its whole definition. One that Windows cannot read is named, and ends the call: without
    # it nobody can say how the tasks of its folder are.
    param($Task)
    $path = [string] $Task.TaskPath + [string] $Task.TaskName
    try {
        $settable = Read-RemediateScheduledTask -Current $Task
        $result = [ordered]@{
            path               = [string] $Task.TaskPath
            name               = [string] $Task.TaskName
            multiple_instances = $settable['multiple_instances']
            enabled            = $settable['enabled']
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
    foreach ($task in @(Find-RemediateScheduledTask -Identity @{ path = $Folder })) {
        Assert-RemediateTime
        Get-RemediateTask -Task $task
    }
}
