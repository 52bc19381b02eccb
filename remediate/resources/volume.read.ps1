# Volumes, by CIM. Numbers of 64 bits go as text.

function Get-RemediateVolumeName {
    # A volume's drive letter or mount path, as vssadmin takes it; its id when it has neither, or nothing is known of it.
    param($Volume, [string] $Id)
    if ($null -eq $Volume) { return $Id }
    $name = [string] $Volume.Name
    if ($name.StartsWith('\\?\', 'Ordinal')) { return $name }
    return $name.TrimEnd('\')
}

function Get-RemediateDeduplicated {
    # Which folders Data Deduplication leaves alone, by the id of each volume on which it works; none where Windows does not
    # have it.
    $found = @{}
    try {
        foreach ($volume in @(Get-CimInstance -Namespace root/Microsoft/Windows/Deduplication -ClassName MSFT_DedupVolume -Property VolumeId, Enabled, ExcludeFolder -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'volumes')) {
            if ($volume.Enabled) { $found[[string] $volume.VolumeId] = @($volume.ExcludeFolder | Where-Object -FilterScript { $_ } | Limit-RemediateList -Name 'folders that are not deduplicated') }
        }
    }
    catch {
        # no such namespace, no such class: the feature is not installed
        if ([string] $_.FullyQualifiedErrorId -notmatch '^HRESULT 0x800410(0e|10)') { throw }
    }
    return $found
}

function Get-RemediateReadOnly {
    # Access paths of the partitions that cannot be written to, or whose disk cannot be.
    $disks = @(Get-CimInstance -Namespace root/Microsoft/Windows/Storage -ClassName MSFT_Disk -Property Number, IsReadOnly -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'disks')
    $closed = @(foreach ($disk in $disks) { if ($disk.IsReadOnly) { [string] $disk.Number } })
    foreach ($partition in @(Get-CimInstance -Namespace root/Microsoft/Windows/Storage -ClassName MSFT_Partition -Property DiskNumber, IsReadOnly, AccessPaths -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'partitions')) {
        if ($partition.IsReadOnly -or $closed -contains [string] $partition.DiskNumber) { @($partition.AccessPaths) }
    }
}

function Get-RemediateVolume {
    # Every volume; what its disk is like only when that is asked.
    param([bool] $Disks)
    $volumes = @(Get-CimInstance -ClassName Win32_Volume -Property DeviceID, Name, DriveType, FileSystem, Capacity, FreeSpace, DirtyBitSet, Compressed -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'volumes')
    $closed = @()
    $deduplicated = @{}
    if ($Disks) {
        $closed = @(Get-RemediateReadOnly)
        $deduplicated = Get-RemediateDeduplicated
    }
    foreach ($volume in $volumes) {
        $found = [ordered]@{
            device       = [string] $volume.DeviceID
            name         = Get-RemediateVolumeName -Volume $volume -Id ([string] $volume.DeviceID)
            drive_type   = [int] $volume.DriveType
            file_system  = $null
            capacity     = $null
            free_space   = $null
            dirty        = $volume.DirtyBitSet
            compressed   = $volume.Compressed
            read_only    = $null
            deduplicated = $null
            left_alone   = @()
        }
        if ($volume.FileSystem) { $found['file_system'] = [string] $volume.FileSystem }
        if ($null -ne $volume.Capacity) { $found['capacity'] = [string] $volume.Capacity }
        if ($null -ne $volume.FreeSpace) { $found['free_space'] = [string] $volume.FreeSpace }
        if ($Disks) {
            $found['read_only'] = $closed -contains $found['device']
            $found['deduplicated'] = $deduplicated.Contains($found['device'])
            if ($found['deduplicated']) { $found['left_alone'] = $deduplicated[$found['device']] }
        }
        $found
    }
}
