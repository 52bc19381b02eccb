# Whether the module loads: its code is run for that. Needs own_process.ps1.

function Test-RemediateModule {
    # Loads a module in a process of its own; says whether that gave commands, or why not; nothing when it cannot be told.
    param([string] $Path)
    $found = Invoke-RemediateOwnProcess -Argument $Path -Script {
        param([string] $Path)
        if ($env:RemediateModules) { $env:PSModulePath = $env:RemediateModules }
        $PID
        try {
            $module = Import-Module -Name $Path -PassThru -ErrorAction Stop
            @{ commands = @($module.ExportedCommands.Keys).Count; error = '' }
        }
        catch { @{ commands = 0; error = [string] $_.FullyQualifiedErrorId } }
    }
    if (-not $found['ended']) { return @{ loads = $null; error = 'It has not loaded in the time that this question has.' } }
    if ($found['said'].Count -ne 1) { return @{ loads = $null; error = 'The process in which it was to load ended without a word.' } }
    $result = $found['said'][0]
    if ($result['commands'] -gt 0) { return @{ loads = $true; error = '' } }
    $id = ([string] $result['error'] -split ',')[0]
    if (-not $id) { return @{ loads = $false; error = 'It loads, but has no commands.' } }
    return @{ loads = $false; error = 'Import-Module fails with ' + ($id -replace '(?s)^(.{200}).*', '$1') + '.' }
}
