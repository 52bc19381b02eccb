# Tasks of Task Scheduler: writes the multiple-instance policy, and whether a task is on.

function Set-RemediateScheduledTask {
    # Writes what is to change of one task.
    param($Current, [hashtable] $After)
    # TASK_LOGON_PASSWORD (1) and TASK_LOGON_INTERACTIVE_TOKEN_OR_PASSWORD (6): to save takes the password, to turn on does not
    if ($After.ContainsKey('multiple_instances') -and @(1, 6) -contains $Current.Principal.CimInstanceProperties['LogonType'].Value) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task stores a password, or runs as a managed service account; Windows would want that again to save the task.'
    }
    # a bare MSFT_TaskTrigger stands for what the commands do not know; saving a task starts one with the other
    $unsavable = @($Current.Triggers | Where-Object -FilterScript { $null -ne $_ -and @('MSFT_TaskTrigger', 'MSFT_TaskRegistrationTrigger') -contains [string] $_.CimClass.CimClassName })
    if ($unsavable.Count) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task has a trigger that the commands of Windows would not save as it is, or that starts it whenever it is saved.'
    }
    $task = @{ TaskPath = $Current.TaskPath; TaskName = $Current.TaskName; CimSession = Get-RemediateCimSession }
    if ($After.ContainsKey('multiple_instances')) {
        # surface: allow language-mode - only a pipeline that has the lease writes, and that needs FullLanguage
        $Current.Settings.CimInstanceProperties['MultipleInstances'].Value = [int] $After['multiple_instances']
        # by name and with the settings only: a whole object would be sent back, with all that Windows did not show of it
        $null = Set-ScheduledTask @task -Settings $Current.Settings
    }
    if (-not $After.ContainsKey('enabled')) { return }
    if ($After['enabled']) { $null = Enable-ScheduledTask @task }
    else { $null = Disable-ScheduledTask @task }
}
