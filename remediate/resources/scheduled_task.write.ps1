# Tasks of Task Scheduler: writes the multiple-instance policy.

function Set-RemediateScheduledTask {
    # Writes the policy of one task.
    param($Current, [hashtable] $After)
    # TASK_LOGON_PASSWORD (1) and TASK_LOGON_INTERACTIVE_TOKEN_OR_PASSWORD (6)
    if (@(1, 6) -contains $Current.Principal.CimInstanceProperties['LogonType'].Value) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task stores a password; Windows would want it again to save the task.'
    }
    # a bare MSFT_TaskTrigger stands for what the commands do not know; saving a task starts one with the other
    $unsavable = @($Current.Triggers | Where-Object -FilterScript { $null -ne $_ -and @('MSFT_TaskTrigger', 'MSFT_TaskRegistrationTrigger') -contains [string] $_.CimClass.CimClassName })
    if ($unsavable.Count) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The task has a trigger that the commands of Windows would not save as it is, or that starts it whenever it is saved.'
    }
    # surface: allow language-mode - only a pipeline that has the lease writes, and that needs FullLanguage
    $Current.Settings.CimInstanceProperties['MultipleInstances'].Value = [int] $After['multiple_instances']
    # by name and with the settings only: a whole object would be sent back, with all that Windows did not show of it
    $null = Set-ScheduledTask -TaskPath $Current.TaskPath -TaskName $Current.TaskName -Settings $Current.Settings -CimSession (Get-RemediateCimSession)
}
