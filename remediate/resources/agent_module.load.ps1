# Whether the module loads: its code is run for that, in a process of its own.

function Test-RemediateModule {
    # Loads a module in a process of its own; says whether that gave commands, or why not; nothing when it cannot be told.
    param([string] $Path)
    $job = Start-Job -ArgumentList $Path -ScriptBlock {
        param([string] $Path)
        $PID
        try {
            $module = Import-Module -Name $Path -PassThru -ErrorAction Stop
            @{ commands = @($module.ExportedCommands.Keys).Count; error = '' }
        }
        catch { @{ commands = 0; error = [string] $_.FullyQualifiedErrorId } }
    }
    $ended = $null -ne (Wait-Job -Job $job -Timeout ([int] (Get-RemediateSecondsLeft)))
    $said = @(Receive-Job -Job $job -ErrorAction SilentlyContinue)
    # Remove-Job waits a minute for one that has not ended, also when its process is gone; such a job goes with the shell
    if ($ended) { Remove-Job -Job $job -Force }
    elseif ($said.Count -gt 0) { Stop-Process -Id $said[0] -Force -ErrorAction SilentlyContinue }
    if (-not $ended) { return @{ loads = $null; error = 'It has not loaded in the time that this question has.' } }
    if ($said.Count -ne 2) { return @{ loads = $null; error = 'The process in which it was to load ended without a word.' } }
    if ($said[1]['commands'] -gt 0) { return @{ loads = $true; error = '' } }
    $id = ([string] $said[1]['error'] -split ',')[0]
    if (-not $id) { return @{ loads = $false; error = 'It loads, but has no commands.' } }
    return @{ loads = $false; error = 'Import-Module fails with ' + ($id -replace '(?s)^(.{200}).*', '$1') + '.' }
}
