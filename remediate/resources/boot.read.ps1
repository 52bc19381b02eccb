# The boot that goes on, told by the processes that Windows starts once in each.

function Find-RemediateBoot {
    # These processes, by name, and whether Windows installs something, with what the system says of itself.
    param([hashtable] $Identity)
    if ($Identity['name'] -ne 'Windows') { return }
    $system = Get-CimInstance -ClassName Win32_OperatingSystem -Property Name, LastBootUpTime -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop
    $all = @(Get-CimInstance -ClassName Win32_Process -Filter 'SessionId = 0' -Property Name, ProcessId, CreationDate -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop | Limit-RemediateList -Name 'processes')
    return @{
        System     = $system
        Processes  = @($all | Where-Object -FilterScript { @('lsass.exe', 'services.exe', 'wininit.exe') -contains $_.Name } | Sort-Object -Property Name)
        Installing = @($all | Where-Object -FilterScript { $_.Name -eq 'TiWorker.exe' }).Count -gt 0
    }
}

function Get-RemediateRestartPath {
    # The file that says which boot was to be ended when our Set last asked for a restart.
    return Join-Path -Path (Join-Path -Path $env:ProgramFiles -ChildPath 'remediate') -ChildPath 'restart.txt'
}

function Read-RemediateBoot {
    # What a restart changes. When it began is no part of that: it moves with the clock.
    param($Current)
    $processes = @(foreach ($process in $Current['Processes']) {
            $created = $null
            if ($null -ne $process.CreationDate) { $created = ([datetime] $process.CreationDate).ToUniversalTime().ToString('o') }
            @{ name = ([string] $process.Name).ToLowerInvariant(); id = [int64] $process.ProcessId; created = $created }
        })
    return @{ boot = @{ processes = $processes } }
}

function Get-RemediateBoot {
    # The one that goes on.
    $current = Find-RemediateBoot -Identity @{ name = 'Windows' }
    $boot = (Read-RemediateBoot -Current $current)['boot']
    $asked = ''
    $path = Get-RemediateRestartPath
    if (Test-Path -LiteralPath $path) { $asked = [string] (Get-Content -LiteralPath $path -TotalCount 1) }
    $since = ([datetime] $current['System'].LastBootUpTime).ToUniversalTime()
    $runs = (Get-Date).ToUniversalTime() - $since
    $minutes = 60
    if ($runs.TotalMinutes -lt 60) { $minutes = $runs.Minutes }
    if ($minutes -lt 0) { $minutes = 0 }
    $boot['since'] = $since.ToString('s') + 'Z'
    [ordered]@{
        name       = 'Windows'
        boot       = $boot
        asked      = $asked
        installing = $current['Installing']
        servicing  = Test-Path -LiteralPath 'Registry::HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending'
        minutes    = $minutes
    }
}
