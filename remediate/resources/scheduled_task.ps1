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
        if ($Name) { $tasks = @(Get-ScheduledTask -TaskPath $path -TaskName $pattern -ErrorAction Stop) }
        else { $tasks = @(Get-ScheduledTask -TaskPath $path -ErrorAction Stop) }
    }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'CmdletizationQuery_NotFound*') { throw }
        $tasks = @()
    }
    return @($tasks | Where-Object -FilterScript { [string]::Equals($_.TaskPath, $Folder, 'OrdinalIgnoreCase') })
}

function Get-RemediateScheduledTask {
    # Every task in a folder, with its settings and its whole definition.
    param([string] $Folder)
    foreach ($task in @(Find-RemediateTask -Folder $Folder)) {
        [ordered]@{
            path               = [string] $task.TaskPath
            name               = [string] $task.TaskName
            multiple_instances = $task.Settings.CimInstanceProperties['MultipleInstances'].Value
            logon_type         = $task.Principal.CimInstanceProperties['LogonType'].Value
            state              = $task.CimInstanceProperties['State'].Value
            xml                = [string] (Export-ScheduledTask -TaskName $task.TaskName -TaskPath $task.TaskPath)
        }
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
    # surface: allow language-mode - only a pipeline that has the lease writes, and that needs FullLanguage
    $policy.Value = [int] $After['multiple_instances']
    $null = Set-ScheduledTask -InputObject $task
}
