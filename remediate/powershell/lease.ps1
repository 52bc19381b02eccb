# The host's side of a run: the lease that keeps others out, and the receipt that is left behind.
# Both live below Program Files, where only administrators can write.
# lease.lock is held open by the pipeline that writes, so a dead pipeline never blocks anyone;
# lease.json says whose it is, and until when, in seconds since 1970 by the host's own clock;
# freed.json keeps the last lease that was given back, so that a pipeline that was given up and
# only begins afterwards, with a lower fence, writes nothing.

function Get-RemediateFolder {
    # The folder for lease and receipts.
    return Join-Path -Path $env:ProgramFiles -ChildPath 'remediate'
}

function Get-RemediateClock {
    # Seconds since 1970.
    return [int64] ((Get-Date).ToUniversalTime() - ([datetime] '1970-01-01')).TotalSeconds
}

function Read-RemediateLease {
    # The lease on file, or nothing; one that is cut off belongs to a pipeline that died before it wrote.
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { return }
    $text = Get-Content -LiteralPath $Path -Raw -Encoding UTF8
    try {
        $lease = ConvertFrom-Json -InputObject $text
        return @{
            run   = [string] $lease.run
            owner = [string] $lease.owner
            fence = [int64] $lease.fence
            since = [int64] $lease.since
            until = [int64] $lease.until
        }
    }
    catch { return }
}

function Format-RemediateLease {
    # A lease as the controller reads it.
    param([hashtable] $Lease)
    $epoch = [datetime] '1970-01-01'
    return @{
        run   = $Lease['run']
        owner = $Lease['owner']
        fence = $Lease['fence']
        since = $epoch.AddSeconds($Lease['since']).ToString('s') + 'Z'
        until = $epoch.AddSeconds($Lease['until']).ToString('s') + 'Z'
    }
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
    $freed = Read-RemediateLease -Path (Join-Path -Path $folder -ChildPath 'freed.json')
    if ($null -ne $freed -and $freed['run'] -eq $Run -and $freed['fence'] -gt $Fence) {
        Stop-RemediateCall -ErrorId 'RemediateLeaseHeld' -Message 'This run has been given up.' -Detail (Format-RemediateLease -Lease $freed)
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
    }
    $lease = @{ run = $Run; owner = $Owner; fence = $Fence; since = $now; until = $now + $Ttl }
    Set-Content -LiteralPath $path -Value (ConvertTo-Json -InputObject $lease -Compress) -Encoding UTF8
    $result = Format-RemediateLease -Lease $lease
    $result['took'] = $took
    return $result
}

function Get-RemediateLease {
    # The lease on this host, if there is one, and whether a pipeline is using it right now.
    $folder = Get-RemediateFolder
    $lease = Read-RemediateLease -Path (Join-Path -Path $folder -ChildPath 'lease.json')
    if ($null -eq $lease) { return }
    $active = $false
    $path = Join-Path -Path $folder -ChildPath 'lease.lock'
    if ($ExecutionContext.SessionState.LanguageMode -eq 'FullLanguage' -and (Test-Path -LiteralPath $path)) {
        try {
            # surface: allow language-mode - only reached in FullLanguage
            $lock = [System.IO.File]::Open($path, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::None)
            # surface: allow language-mode - as above
            $lock.Dispose()
        }
        catch [System.IO.IOException] { $active = $true }
    }
    $result = Format-RemediateLease -Lease $lease
    $result['active'] = $active
    return $result
}

function Unlock-RemediateLease {
    # Gives the lease back, if it is this run's.
    param([string] $Run)
    $folder = Get-RemediateFolder
    $path = Join-Path -Path $folder -ChildPath 'lease.json'
    $held = Read-RemediateLease -Path $path
    if ($null -eq $held -or $held['run'] -ne $Run) { return }
    $freed = ConvertTo-Json -InputObject $held -Compress
    Set-Content -LiteralPath (Join-Path -Path $folder -ChildPath 'freed.json') -Value $freed -Encoding UTF8
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
    Set-Content -LiteralPath $path -Value (ConvertTo-Json -InputObject $receipt -Depth 8) -Encoding UTF8
}
