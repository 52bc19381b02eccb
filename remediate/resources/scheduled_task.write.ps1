# Tasks of Task Scheduler: writes the multiple-instance policy.

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
