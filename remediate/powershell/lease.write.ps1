# Takes the lease, gives it back, leaves the receipt. Needs lease.read.ps1.

function Get-RemediateClock {
    # Seconds since 1970.
    return [int64] ((Get-Date).ToUniversalTime() - ([datetime] '1970-01-01')).TotalSeconds
}

function Open-RemediateLock {
    # The lock as an open file, or nothing while a pipeline holds it for a second.
    param([string] $Path)
    $end = (Get-Date).AddSeconds(1)
    do {
        try {
            # surface: allow language-mode - Lock-RemediateLease refuses to go on without FullLanguage
            return [System.IO.File]::Open($Path, [System.IO.FileMode]::OpenOrCreate, [System.IO.FileAccess]::ReadWrite, [System.IO.FileShare]::None)
        }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 200 }
    } while ((Get-Date) -lt $end)
}

function Lock-RemediateLease {
    # Takes the lease for a run, or says who has it. The lease of a run that it undoes may be taken over.
    param([string] $Run, [string] $Owner, [int64] $Fence, [int] $Ttl, [object[]] $Undoes)
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
        Stop-RemediateCall -ErrorId 'RemediateConstrained' -Message 'Changing this host needs PowerShell in FullLanguage mode.'
    }
    $folder = Get-RemediateFolder
    if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -Path $folder -ItemType Directory -Force }
    $path = Join-Path -Path $folder -ChildPath 'lease.json'
    $script:RemediateLock = Open-RemediateLock -Path (Join-Path -Path $folder -ChildPath 'lease.lock')
    $held = Read-RemediateLease -Path $path
    foreach ($freed in @(Read-RemediateLease -Path (Join-Path -Path $folder -ChildPath 'freed.json'))) {
        if ($freed['run'] -eq $Run -and $freed['fence'] -gt $Fence) {
            Stop-RemediateCall -ErrorId 'RemediateLeaseHeld' -Message 'This run has been given up.' -Detail (Format-RemediateLease -Lease $freed)
        }
    }
    $now = Get-RemediateClock
    $took = $null
    if ($null -eq $script:RemediateLock) {
        $detail = @{ active = $true }
        if ($null -ne $held) { $detail += Format-RemediateLease -Lease $held }
        Stop-RemediateCall -ErrorId 'RemediateLeaseHeld' -Message 'Another run is writing at this moment.' -Detail $detail
    }
    if ($null -ne $held) {
        $ours = ($held['run'] -eq $Run -and $held['fence'] -le $Fence) -or $Undoes -contains $held['run']
        if (-not $ours -and $held['until'] -gt $now) {
            Stop-RemediateCall -ErrorId 'RemediateLeaseHeld' -Message 'Another run holds the lease.' -Detail (Format-RemediateLease -Lease $held)
        }
        if (-not $ours) { $took = Format-RemediateLease -Lease $held }
        if ($held['run'] -ne $Run) { Save-RemediateFreed -Folder $folder -Lease $held }
    }
    $lease = @{ run = $Run; owner = $Owner; fence = $Fence; since = $now; until = $now + $Ttl }
    Save-RemediateFile -Path $path -Lines (ConvertTo-Json -InputObject $lease -Compress)
    $result = Format-RemediateLease -Lease $lease
    $result['took'] = $took
    return $result
}

function Save-RemediateFreed {
    # Remembers the last lease of a run, and of those before it the newest.
    param([string] $Folder, [hashtable] $Lease)
    $path = Join-Path -Path $Folder -ChildPath 'freed.json'
    $others = @(Read-RemediateLease -Path $path | Where-Object -FilterScript { $_['run'] -ne $Lease['run'] })
    $freed = @($Lease) + @($others | Select-Object -First 19)
    Save-RemediateFile -Path $path -Lines (ConvertTo-Json -InputObject $freed -Compress)
}

function Unlock-RemediateLease {
    # Gives the lease back, if it is this run's.
    param([string] $Run)
    $folder = Get-RemediateFolder
    $path = Join-Path -Path $folder -ChildPath 'lease.json'
    $held = Read-RemediateLease -Path $path
    if ($null -eq $held -or $held['run'] -ne $Run) { return }
    Save-RemediateFreed -Folder $folder -Lease $held
    Remove-Item -LiteralPath $path
}

function Save-RemediateReceipt {
    # Leaves word of a run, for whoever looks at this host next. No secrets.
    param([string] $Run, [string] $Operator, [hashtable] $Computer, [string] $State, [object[]] $Playbooks, [object[]] $Changes)
    if ($Run -notmatch '^[0-9A-Za-z-]{1,64}$') {
        Stop-RemediateCall -ErrorId 'RemediateBadRun' -Message 'The name of the run cannot be the name of a file.'
    }
    $folder = Join-Path -Path (Get-RemediateFolder) -ChildPath 'receipts'
    if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -Path $folder -ItemType Directory }
    $receipt = [ordered]@{
        run       = $Run
        operator  = $Operator
        computer  = $Computer
        state     = $State
        playbooks = $Playbooks
        changes   = $Changes
        written   = (Get-Date).ToUniversalTime().ToString('s') + 'Z'
    }
    $path = Join-Path -Path $folder -ChildPath ($Run + '.json')
    Save-RemediateFile -Path $path -Lines (ConvertTo-Json -InputObject $receipt -Depth 8 -Compress)
}
