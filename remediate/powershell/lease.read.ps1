# The host's side of a run: the lease that keeps others out, and the receipt that is left behind.
# Both live below Program Files, where only administrators can write.
# lease.lock is held open by the pipeline that writes, so a dead pipeline never blocks anyone;
# lease.json says whose it is, and until when, in seconds since 1970 by the host's own clock;
# freed.json keeps the last lease that each of some runs gave back or lost, so that a pipeline that
# was given up and only begins afterwards, with a lower fence, writes nothing, whoever was there since.

function Get-RemediateFolder {
    # The folder for lease and receipts.
    return Join-Path -Path $env:ProgramFiles -ChildPath 'remediate'
}

function Read-RemediateLease {
    # The lease on file, or all that are; nothing of one that is cut off, as a pipeline died while it wrote.
    param([string] $Path)
    if (-not (Test-Path -LiteralPath $Path)) { return }
    $text = $null
    $end = (Get-Date).AddSeconds(1)
    while ($null -eq $text) {
        try { $text = [string] (Get-Content -LiteralPath $Path -Raw -Encoding UTF8) }
        catch [System.Management.Automation.ItemNotFoundException] { return }
        catch [System.IO.IOException] {
            # Windows PowerShell lets nobody read what it is writing
            if ((Get-Date) -gt $end) { throw }
            Start-Sleep -Milliseconds 100
        }
    }
    try {
        foreach ($lease in (ConvertFrom-Json -InputObject $text)) {
            @{
                run   = [string] $lease.run
                owner = [string] $lease.owner
                fence = [int64] $lease.fence
                since = [int64] $lease.since
                until = [int64] $lease.until
            }
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
