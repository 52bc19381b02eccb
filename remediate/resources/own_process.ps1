# What may never return, or runs code that is not ours, is done in a process of its own.

function Invoke-RemediateOwnProcess {
    # What a script says in a process of its own, which ends with the time of the call, and whether it came to its end. It
    # first has modules come from where the loader has them come from, as PowerShell puts the user's folder before that again,
    # and says the id of its process. What it is given is on no command line, and a SecureString among that stays sealed.
    param([scriptblock] $Script, [object[]] $Argument)
    $job = Start-Job -ArgumentList $Argument -ScriptBlock $Script
    $ended = $null -ne (Wait-Job -Job $job -Timeout ([int] (Get-RemediateSecondsLeft)))
    $said = @(Receive-Job -Job $job -ErrorAction SilentlyContinue)
    # Remove-Job waits a minute for one that has not ended, also when its process is gone; such a job goes with the shell
    if ($ended) { Remove-Job -Job $job -Force }
    elseif ($said.Count -gt 0) { Stop-Process -Id $said[0] -Force -ErrorAction SilentlyContinue }
    return @{ ended = $ended; said = @($said | Select-Object -Skip 1) }
}
