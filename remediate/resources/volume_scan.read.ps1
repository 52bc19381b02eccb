# What is known of the scans of volumes. What we have asked for, and what came of it, stands in a folder for each volume.
# Needs volume.read.ps1.

function Get-RemediateScanFolder {
    # Where that stands. The name of the folder is the id of the volume: nothing else can be one.
    param([string] $Device)
    if ($Device -notmatch '^\\\\\?\\Volume\{([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}\\$') {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The volume has no id by which it could be scanned.'
    }
    $id = [string] $Matches[1]
    return [string] $env:ProgramFiles + '\remediate\scans\' + $id.ToLowerInvariant()
}

function Read-RemediateScanFile {
    # What a file in such a folder says, by name; nothing when it is not there, or is being written.
    param([string] $Folder, [string] $Name)
    $path = $Folder + '\' + $Name
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { return @{} }
    try { $said = [string] (@(Get-Content -LiteralPath $path -TotalCount 10) -join "`n") }
    catch [System.IO.IOException] { return @{} }  # Windows PowerShell lets nobody read what it is writing
    if (-not $said) { return @{} }
    return ConvertFrom-StringData -StringData $said
}

function Test-RemediateScanProcess {
    # Whether the process that was started for a scan still runs.
    param([hashtable] $Started)
    if (-not $Started['created'] -or [string] $Started['id'] -notmatch '^[0-9]{1,9}$') { return $false }
    $id = [int] $Started['id']
    foreach ($process in @(Get-CimInstance -ClassName Win32_Process -Filter "ProcessId = $id" -Property Name, ProcessId, CreationDate -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop)) {
        if ($null -ne $process.CreationDate -and ([datetime] $process.CreationDate).ToUniversalTime().ToString('o') -eq $Started['created']) { return $true }
    }
    return $false
}

function Get-RemediateScanState {
    # What has become of the last scan that was asked for, and the number with which it was refused.
    param([string] $Folder)
    $at = (Read-RemediateScanFile -Folder $Folder -Name 'asked')['at']
    if (-not $at) { return @{ state = 'none'; refused = 0 } }
    if ((Read-RemediateScanFile -Folder $Folder -Name 'ended')['at'] -eq $at) { return @{ state = 'done'; refused = 0 } }
    $refused = Read-RemediateScanFile -Folder $Folder -Name 'refused'
    if ($refused['at'] -eq $at) { return @{ state = 'refused'; refused = [int] $refused['code'] } }
    $started = Read-RemediateScanFile -Folder $Folder -Name 'process'
    if ($started['at'] -eq $at -and (Test-RemediateScanProcess -Started $started)) { return @{ state = 'running'; refused = 0 } }
    return @{ state = 'broken-off'; refused = 0 }
}

function Get-RemediateCorruption {
    # How many corruptions Windows has written down of a volume with NTFS; nothing when it does not say.
    param([string] $Device)
    try {
        $count = @(Get-VolumeCorruptionCount -Path $Device -CimSession (Get-RemediateCimSession) -ErrorAction Stop)
        if ($count.Count -eq 1) { return [int64] $count[0] }
    }
    catch {
        # what storage management itself refuses is not known; 40001: access is denied
        if ([string] $_.FullyQualifiedErrorId -notmatch '^StorageWMI (?!40001\b)') { throw }
    }
    return $null
}

function Find-RemediateVolumeScan {
    # The volume with a DeviceID.
    param([hashtable] $Identity)
    foreach ($volume in @(Get-CimInstance -ClassName Win32_Volume -Property DeviceID, Name, DriveType, FileSystem -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop | Limit-RemediateList -Name 'volumes')) {
        if ($volume.DriveType -eq 3 -and $volume.FileSystem -and (-not $Identity -or $volume.DeviceID -eq $Identity['device'])) { $volume }
    }
}

function Read-RemediateVolumeScan {
    # When the last scan ended.
    param($Current)
    return @{ scan = (Read-RemediateScanFile -Folder (Get-RemediateScanFolder -Device $Current.DeviceID) -Name 'ended')['scan'] }
}

function Get-RemediateVolumeScan {
    # Every local volume.
    $windows = [string] $env:SystemRoot
    foreach ($volume in @(Find-RemediateVolumeScan)) {
        $device = [string] $volume.DeviceID
        $folder = Get-RemediateScanFolder -Device $device
        $ended = Read-RemediateScanFile -Folder $folder -Name 'ended'
        $state = Get-RemediateScanState -Folder $folder
        $name = Get-RemediateVolumeName -Volume $volume -Id $device
        $corruptions = $null
        if ($volume.FileSystem -eq 'NTFS') { $corruptions = Get-RemediateCorruption -Device $device }
        [ordered]@{
            device      = $device
            name        = $name
            file_system = [string] $volume.FileSystem
            system      = $windows.StartsWith($name + '\', 'OrdinalIgnoreCase')
            scan        = $ended['scan']
            said        = [string] $ended['said']
            state       = $state['state']
            refused     = $state['refused']
            corruptions = $corruptions
        }
    }
}
