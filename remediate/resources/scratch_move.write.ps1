# Moves the agent's scratch folder: copies it in parts, then stops the service, copies the rest, sets both values, and starts the
# service again. Needs backup_record.read.ps1, registry_value.write.ps1, scratch_move.read.ps1 and service.write.ps1, and what
# these need. A file is copied under another name: one that has its own is whole, whenever this is cut off.

$script:RemediateScratchModule = @{ root = @{ key = 'HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows Azure Backup\Setup'; name = 'InstallPath' }; tail = 'bin\Modules\MSOnlineBackup'; otherwise = $null }
$script:RemediateScratchRate = 50000000  # bytes that are copied in a second, as is taken before the service is stopped

function Set-RemediateScratchMove {
    # Goes on with the move as far as there is time, or takes it back.
    param($Current, [hashtable] $After)
    # half of its time, as others need some, too
    $end = (Get-Date).AddSeconds((Get-RemediateSecondsLeft) / 2)
    if ($After['place'] -eq 'there') {
        Restore-RemediateScratch -Move $Current -End $end
        return
    }
    if ($After['place'] -ne 'moved' -or $Current['place'] -eq 'elsewhere') { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'A scratch folder can be moved or taken back only.' }
    if ($Current['place'] -eq 'there') { New-RemediateScratchFolder -Move $Current }
    if ($Current['texts'] -contains $Current['target']) {
        Complete-RemediateScratch -Move $Current
        return
    }
    $held = Copy-RemediateScratch -Move $Current -End $end
    Assert-RemediateScratchIdle
    $seconds = [int] ($held / $script:RemediateScratchRate)
    if ($seconds -gt [int] $Current['downtime']) {
        Stop-RemediateCall -ErrorId 'RemediateScratchDowntime' -Message "$held bytes are in use until the service is stopped. To copy them then may take $seconds seconds, and $($Current['downtime']) are allowed: --most-downtime."
    }
    # from here on it has no limit of its own: what is stopped has to be started
    $script:RemediateUntil = [datetime]::MaxValue
    try {
        Stop-RemediateScratchAgent -Move $Current
        $until = (Get-Date).AddSeconds([int] $Current['downtime'])
        Assert-RemediateScratchQuiet -Move $Current
        Copy-RemediateScratchRest -Move $Current -End $until
        Save-RemediateScratchList -Folder $Current['folder']
        Set-RemediateScratchValue -Text $Current['target'], $Current['target'] -Like $Current['held']
    }
    finally { Start-RemediateScratchAgent -Move $Current }
}

function Complete-RemediateScratch {
    # Sets what is left of both values, where the move was cut off between them or later: all had been copied by then. What the
    # agent may have written since, in either folder, is never overwritten.
    param([hashtable] $Move)
    if ($Move['texts'][0] -ne $Move['texts'][1]) {
        $copies = (Get-RemediateScratchFile -Folder $Move['target'])['files']
        $all = (Get-RemediateScratchFile -Folder $Move['folder'])['files']
        foreach ($path in $all.Keys) {
            if (-not (Test-RemediateScratchSame -Item $all[$path] -Copy $copies[$path])) {
                Stop-RemediateCall -ErrorId 'RemediateScratchApart' -Message 'The agent has worked in one of both folders since the move was cut off.'
            }
        }
        Assert-RemediateScratchIdle
    }
    $script:RemediateUntil = [datetime]::MaxValue  # as above
    try {
        if ($Move['texts'][0] -ne $Move['texts'][1]) {
            Stop-RemediateScratchAgent -Move $Move
            Assert-RemediateScratchQuiet -Move $Move
            Set-RemediateScratchValue -Text $Move['target'], $Move['target'] -Like $Move['held']
        }
    }
    finally { Start-RemediateScratchAgent -Move $Move }
}

# --- the service ----------------------------------------------------------------------------------------------------------

function Assert-RemediateScratchIdle {
    # Ends this part while the agent is at work, or does not say that it is not. While its service is stopped it is not.
    $service = Find-RemediateService -Identity @{ name = 'obengine' }
    if ($null -eq $service -or $service.State -eq 'Stopped') { return }
    $record = Get-RemediateBackupRecord -Path $script:RemediateScratchModule -Most 1
    if ($null -eq $record -or $null -eq $record['running']) { Stop-RemediateCall -ErrorId 'RemediateScratchUnknown' -Message 'The agent does not say whether it backs up or restores, so its service is not stopped.' }
    foreach ($job in $record['finished']) {
        if ($job['state'] -in 'CompletedWithWaitingForImportJob', 'CompletedWithWaitingForCopyBlob') { Stop-RemediateCall -ErrorId 'RemediateScratchSeeding' -Message 'A first backup on disks is on its way, which needs the scratch folder where it is.' }
    }
    if (@($record['running']).Count -gt 0) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'The agent backs up or restores.' }
}

function Assert-RemediateScratchQuiet {
    # Ends the write, so that the service is started again, where a job has begun in the moment before it was stopped here. Where
    # that cannot be told while it is stopped, or in a third of the time for which it may be, it is gone on with.
    param([hashtable] $Move)
    if (-not (Test-Path -LiteralPath ($Move['target'] + '\remediate.stopped'))) { return }
    $record = $null
    $script:RemediateUntil = (Get-Date).AddSeconds([int] $Move['downtime'] / 3)
    try { $record = Get-RemediateBackupRecord -Path $script:RemediateScratchModule -Most 1 }
    catch { $record = $null }
    finally { $script:RemediateUntil = [datetime]::MaxValue }
    if ($null -eq $record -or $null -eq $record['running'] -or @($record['running']).Count -eq 0) { return }
    Stop-RemediateCall -ErrorId 'RemediateScratchBegun' -Message 'A backup or a restore began in the moment before the service of the agent was stopped, which may have ended it. The service is started again, and the folder stays where it was: run it again when no job runs.'
}

function Set-RemediateScratchAgent {
    # Stops or starts the agent's service. That it refuses to be means not that nothing was written.
    param([string] $Status)
    $service = Find-RemediateService -Identity @{ name = 'obengine' }
    if ($null -eq $service) { return }
    try { Set-RemediateService -Current $service -After @{ status = $Status } }
    catch { Stop-RemediateCall -ErrorId 'RemediateScratchService' -Message $_.Exception.Message }
}

function Stop-RemediateScratchAgent {
    # Stops the agent's service if it runs, and writes that down first: whoever comes after this was cut off starts it again.
    param([hashtable] $Move)
    $service = Find-RemediateService -Identity @{ name = 'obengine' }
    if ($null -eq $service -or $service.State -eq 'Stopped') { return }
    Save-RemediateFile -Path ($Move['target'] + '\remediate.stopped') -Lines $service.State -Encoding Ascii
    Set-RemediateScratchAgent -Status 'Stopped'
}

function Start-RemediateScratchAgent {
    # Starts the agent's service again if it was stopped here.
    param([hashtable] $Move)
    $stopped = $Move['target'] + '\remediate.stopped'
    if (-not (Test-Path -LiteralPath $stopped)) { return }
    Set-RemediateScratchAgent -Status 'Running'
    Remove-Item -LiteralPath $stopped -Force
}

function Set-RemediateScratchValue {
    # Writes both values, each with the type that it has.
    param([string[]] $Text, [object[]] $Like)
    foreach ($number in 0, 1) {
        $value = @{ type = $Like[$number]['type']; data = $Text[$number] }
        Set-RemediateRegistryValue -Current @{ key = $script:RemediateScratchKeys[$number]; name = 'ScratchLocation' } -After @{ value = $value }
    }
}

# --- the copy -------------------------------------------------------------------------------------------------------------

function New-RemediateScratchFolder {
    # Makes the new folder under another name, with who may do what in it, and the file that says what it is. Only then it gets its own.
    param([hashtable] $Move)
    $target = $Move['target']
    if ((Get-RemediateScratchContent -Move $Move) -ne 'none') { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$target cannot be made: something is there, it leads elsewhere, or the folder above is missing." }
    if (-not (Test-RemediateScratchFolder -Path $Move['folder']) -or ([int] (Get-Item -LiteralPath $Move['folder'] -Force).Attributes -band 1024) -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$($Move['folder']) is no folder, or leads elsewhere."
    }
    $new = $target + '.remediate-new'
    if (Test-Path -LiteralPath $new) {
        # of a move that was cut off here; if there is more in it, it is none
        if (@(Get-ChildItem -LiteralPath $new -Force | Where-Object -FilterScript { $_.Name -ne $script:RemediateScratchMarker } | Select-Object -First 1).Count -gt 0) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$new holds something else." }
        Remove-Item -LiteralPath $new -Recurse -Force
    }
    $null = New-Item -Path $new -ItemType Directory
    Copy-RemediateScratchAccess -From $Move['folder'] -To $new -Whole
    $said = [ordered]@{ folder = $Move['folder']; values = @(foreach ($held in $Move['held']) { [ordered]@{ type = $held['type']; data = $held['data'] } }) }
    Save-RemediateFile -Path ($new + '\' + $script:RemediateScratchMarker) -Lines (ConvertTo-Json -InputObject $said -Depth 4 -Compress)
    Rename-RemediateItem -Path $new -Name ($target -replace '^.*\\', '')
}

function Copy-RemediateScratchAccess {
    # Gives a copy the owner and the entries of what it is a copy of. With -Whole what that inherits becomes its own, else only
    # what has entries of its own is written: the rest is inherited here as it is there. What is audited stays.
    param([string] $From, [string] $To, [switch] $Whole)
    # surface: allow language-mode - reading where the folder is needs FullLanguage already
    $access = [string] (Get-Acl -LiteralPath $From).GetSecurityDescriptorSddlForm('Access')
    # surface: allow language-mode - as above
    $owner = [string] (Get-Acl -LiteralPath $From).GetSecurityDescriptorSddlForm('Owner')
    $own = $access -notmatch '\(' -or $access -match '^D:[A-Z]*P' -or @([regex]::Matches($access, '\([A-Z]*;([A-Z]*);') | Where-Object -FilterScript { ($_.Groups[1].Value -replace '(..)', '$1 ') -notmatch '\bID\b' }).Count -gt 0
    if ($Whole) { $access = ($access -replace '^D:[A-Z]*', 'D:P') -replace '(\([A-Z]*;(?:[A-Z]{2})*?)ID((?:[A-Z]{2})*;)', '$1$2' }
    if ($Whole -or $own) {
        $acl = Get-Acl -LiteralPath $To -Audit
        # surface: allow language-mode - as above
        $acl.SetSecurityDescriptorSddlForm($access, 'Access')
        Set-Acl -LiteralPath $To -AclObject $acl
    }
    $acl = Get-Acl -LiteralPath $To -Audit
    # surface: allow language-mode - as above
    if ([string] $acl.GetSecurityDescriptorSddlForm('Owner') -eq $owner) { return }
    # surface: allow language-mode - as above
    $acl.SetSecurityDescriptorSddlForm($owner, 'Owner')
    Set-Acl -LiteralPath $To -AclObject $acl
}

function Copy-RemediateScratch {
    # Copies what is not in the new folder as it is in the old one, until the time is up, and gives the bytes of those files that
    # somebody has open to write. With -Last these end it, and so does the time.
    param([hashtable] $Move, [datetime] $End, [switch] $Last)
    $copies = (Get-RemediateScratchFile -Folder $Move['target'])['files']
    $held = [int64] 0
    foreach ($one in @(Get-RemediateScratchItem -Folder $Move['folder'] -Within '' | Limit-RemediateList -Name 'files in the scratch folder' -Most 200000)) {
        if ($one['own']) { continue }
        if ($one['link']) { Stop-RemediateCall -ErrorId 'RemediateScratchLink' -Message "$($one['path']) leads elsewhere, and is not copied." }
        $from = $Move['folder'] + '\' + $one['path']
        $to = $Move['target'] + '\' + $one['path']
        if ($one['folder']) {
            if (-not (Test-Path -LiteralPath $to -PathType Container)) { $null = New-Item -Path $to -ItemType Directory }
            Copy-RemediateScratchAccess -From $from -To $to  # each time, as it may have been cut off here
        }
        elseif (-not (Test-RemediateScratchSame -Item $one['item'] -Copy $copies[$one['path']]) -and -not (Copy-RemediateScratchFile -From $from -To $to -End $End -Last:$Last)) {
            if ($Last) { Stop-RemediateCall -ErrorId 'RemediateScratchHeld' -Message "$from cannot be opened: another program writes to it, or it is gone." }
            $held += $one['item'].Length
        }
    }
    return $held
}

function Copy-RemediateScratchFile {
    # Copies one file, or goes on with it if it is as it was when that was begun; false when it cannot be opened.
    param([string] $From, [string] $To, [datetime] $End, [switch] $Last)
    # while it is open here, nobody opens it to write
    # surface: allow language-mode - where the folder is stands in the registry, and reading that needs FullLanguage already
    try { $source = [System.IO.File]::Open((Get-Item -LiteralPath $From -Force).FullName, [System.IO.FileMode]::Open, [System.IO.FileAccess]::Read, [System.IO.FileShare]::Read) }
    catch [System.IO.IOException] { return $false }
    catch [System.Management.Automation.ItemNotFoundException] { return $false }
    $copy = $null
    $more = $true
    try {
        $part = $To + $script:RemediateScratchPart
        $written = (Get-Item -LiteralPath $From -Force).LastWriteTimeUtc
        $begun = Get-Item -LiteralPath $part -Force -ErrorAction SilentlyContinue
        if ($null -eq $begun -or $begun.LastWriteTimeUtc -ne $written -or $begun.Length -gt $source.Length) {
            $null = New-Item -Path $part -ItemType File -Force
            Copy-RemediateScratchAccess -From $From -To $part
        }
        $place = (Get-Item -LiteralPath $part -Force).FullName
        # surface: allow language-mode - as above
        $copy = [System.IO.File]::Open($place, [System.IO.FileMode]::Append)
        # surface: allow language-mode - as above
        $null = $source.Seek($copy.Length, [System.IO.SeekOrigin]::Begin)
        $bytes = New-Object -TypeName byte[] -ArgumentList 4194304
        while ($more -and (Get-Date) -lt $End) {
            # surface: allow language-mode - as above
            $count = $source.Read($bytes, 0, $bytes.Length)
            $more = $count -gt 0
            # surface: allow language-mode - as above
            if ($more) { $copy.Write($bytes, 0, $count) }
        }
        # surface: allow language-mode - as above
        $copy.Flush($true)
        # surface: allow language-mode - as above
        $copy.Dispose()
        $copy = $null
        # surface: allow language-mode - as above
        [System.IO.File]::SetLastWriteTimeUtc($place, $written)
    }
    finally {
        # surface: allow language-mode - as above
        $source.Dispose()
        # surface: allow language-mode - as above
        if ($null -ne $copy) { $copy.Dispose() }
    }
    if ($more -and $Last) { Stop-RemediateCall -ErrorId 'RemediateScratchDowntime' -Message 'The time for which the service may be stopped was too short to copy the rest: --most-downtime.' }
    if ($more) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'Some is left to copy.' }
    if (Test-Path -LiteralPath $To) { Remove-Item -LiteralPath $To -Force }
    Rename-RemediateItem -Path $part -Name ($To -replace '^.*\\', '')
    return $true
}

function Copy-RemediateScratchRest {
    # Copies what has moved since, while the service is stopped, and takes away copies of what is gone: nobody else has written here.
    param([hashtable] $Move, [datetime] $End)
    $null = Copy-RemediateScratch -Move $Move -End $End -Last
    $all = (Get-RemediateScratchFile -Folder $Move['folder'])['files']
    foreach ($one in @(Get-RemediateScratchItem -Folder $Move['target'] -Within '')) {
        $path = $Move['target'] + '\' + $one['path']
        $part = $path -like ('*' + $script:RemediateScratchPart)
        if ($part -or (-not $one['own'] -and -not $one['folder'] -and $null -eq $all[$one['path']])) { Remove-Item -LiteralPath $path -Force }
    }
}

function Save-RemediateScratchList {
    # Writes down, in a folder that the agent works in no longer, which files are in it: only these are ever removed.
    param([string] $Folder)
    $files = (Get-RemediateScratchFile -Folder $Folder)['files']
    Save-RemediateFile -Path ($Folder + '\' + $script:RemediateScratchList) -Lines @(foreach ($path in @($files.Keys | Sort-Object)) { [string] $files[$path].Length + '|' + $path })
}

# --- the way back ---------------------------------------------------------------------------------------------------------

function Restore-RemediateScratch {
    # Has the agent work in the old folder again, then takes away the copy, but for what is not in the old folder or older there.
    param([hashtable] $Move, [datetime] $End)
    if (-not $Move['ours']) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The new folder does not say where the old one is.' }
    if ($Move['texts'] -contains $Move['target']) {
        if (-not (Test-RemediateScratchWhole -Path $Move['folder'])) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "$($Move['folder']) is gone, removed in part, or without its key file: the agent could not work in it." }
        Assert-RemediateScratchIdle
        $script:RemediateUntil = [datetime]::MaxValue  # as above
        try {
            Stop-RemediateScratchAgent -Move $Move
            Assert-RemediateScratchQuiet -Move $Move
            Set-RemediateScratchValue -Text @($Move['marker']['values'] | ForEach-Object -Process { $_['data'] }) -Like $Move['marker']['values']
        }
        finally { Start-RemediateScratchAgent -Move $Move }
    }
    else { Start-RemediateScratchAgent -Move $Move }
    $list = $Move['folder'] + '\' + $script:RemediateScratchList
    if (Test-Path -LiteralPath $list) { Remove-Item -LiteralPath $list -Force }
    $old = (Get-RemediateScratchFile -Folder $Move['folder'])['files']
    $folders = @()
    foreach ($one in @(Get-RemediateScratchItem -Folder $Move['target'] -Within '')) {
        if ((Get-Date) -gt $End) { Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'Some of the copy is left.' }
        $path = $Move['target'] + '\' + $one['path']
        if ($one['folder']) { $folders = @($path) + $folders }
        elseif ($path -like ('*' + $script:RemediateScratchPart)) { Remove-Item -LiteralPath $path -Force }
        elseif (-not $one['own'] -and -not $one['link'] -and $null -ne $old[$one['path']] -and $one['item'].LastWriteTimeUtc -le $old[$one['path']].LastWriteTimeUtc) { Remove-Item -LiteralPath $path -Force }
    }
    foreach ($path in $folders) {
        if (@(Get-ChildItem -LiteralPath $path -Force | Select-Object -First 1).Count -eq 0) { Remove-Item -LiteralPath $path -Force }
    }
    $marker = $Move['target'] + '\' + $script:RemediateScratchMarker
    if (@(Get-ChildItem -LiteralPath $Move['target'] -Force | Select-Object -First 2).Count -gt 1) {
        Save-RemediateScratchList -Folder $Move['target']
        Rename-RemediateItem -Path $marker -Name 'remediate.kept'
        return
    }
    Remove-Item -LiteralPath $marker -Force
    Remove-Item -LiteralPath $Move['target'] -Force
}
