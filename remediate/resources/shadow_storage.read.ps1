# Shadow storage: what volumes have and may have, read through CIM by number, written by vssadmin. Needs volume.read.ps1.
# Numbers of 64 bits go as text: one of them, 2^64-1, means that there is no limit.

function Find-RemediateShadowStorage {
    # Every association of a volume with its shadow storage, then local volumes that have none; or the one that is meant.
    param([hashtable] $Identity)
    $volumes = @{}
    foreach ($volume in @(Get-CimInstance -ClassName Win32_Volume -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop | Limit-RemediateList -Name 'volumes')) { $volumes[[string] $volume.DeviceID] = $volume }
    $copies = @(Get-CimInstance -ClassName Win32_ShadowCopy -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop | Limit-RemediateList -Name 'shadow copies')
    $pairs = @(foreach ($storage in @(Get-CimInstance -ClassName Win32_ShadowStorage -OperationTimeoutSec (Get-RemediateSecondsLeft) -ErrorAction Stop | Limit-RemediateList -Name 'shadow storages')) {
            # the references carry keys only, so everything else comes from Win32_Volume
            @{ Storage = $storage; Volume = [string] $storage.Volume.DeviceID; DiffVolume = [string] $storage.DiffVolume.DeviceID }
        })
    $having = @($pairs | ForEach-Object -Process { $_['Volume'] })
    foreach ($id in @($volumes.Keys | Sort-Object)) {
        $volume = $volumes[$id]
        $named = -not ([string] $volume.Name).StartsWith('\\?\', 'Ordinal')
        # 3: a local disk
        if ($volume.DriveType -eq 3 -and $named -and $having -notcontains $id) {
            $pairs += @{ Storage = $null; Volume = $id; DiffVolume = $id }
        }
    }
    foreach ($pair in $pairs) {
        if ($Identity.Count -gt 0 -and ($pair['Volume'] -ne $Identity['volume'] -or $pair['DiffVolume'] -ne $Identity['diff_volume'])) { continue }
        $pair['Of'] = $volumes[$pair['Volume']]
        $pair['On'] = $volumes[$pair['DiffVolume']]
        $pair['Copies'] = @($copies | Where-Object -FilterScript { $_.VolumeName -eq $pair['Volume'] })
        $pair
    }
}

function Read-RemediateShadowStorage {
    # What can be set of it, as it is now.
    param($Current)
    $limit = $null
    if ($null -ne $Current['Storage']) { $limit = [string] $Current['Storage'].MaxSpace }
    return @{ max_space = $limit }
}

function Get-RemediateShadowStorage {
    # All of them, each with its volumes and its copies.
    foreach ($pair in @(Find-RemediateShadowStorage -Identity @{})) {
        $storage = $pair['Storage']
        $volume = $pair['Of']
        $diff = $pair['On']
        $found = [ordered]@{
            volume          = $pair['Volume']
            diff_volume     = $pair['DiffVolume']
            name            = Get-RemediateVolumeName -Volume $volume -Id $pair['Volume']
            diff_name       = Get-RemediateVolumeName -Volume $diff -Id $pair['DiffVolume']
            max_space       = (Read-RemediateShadowStorage -Current $pair)['max_space']
            used_space      = '0'
            allocated_space = '0'
            capacity        = $null
            free_space      = $null
            file_system     = $null
            copies          = @(foreach ($copy in $pair['Copies']) {
                    $created = $null
                    if ($null -ne $copy.InstallDate) { $created = ([datetime] $copy.InstallDate).ToUniversalTime().ToString('s') + 'Z' }
                    $persistent = $null
                    if ($null -ne $copy.Persistent) { $persistent = [bool] $copy.Persistent }
                    @{ id = [string] $copy.ID; created = $created; state = [int] $copy.State; persistent = $persistent }
                })
        }
        if ($null -ne $diff) {
            if ($null -ne $diff.Capacity) { $found['capacity'] = [string] $diff.Capacity }
            if ($null -ne $diff.FreeSpace) { $found['free_space'] = [string] $diff.FreeSpace }
            if ($null -ne $diff.FileSystem) { $found['file_system'] = [string] $diff.FileSystem }
        }
        if ($null -ne $storage) {
            $found['used_space'] = [string] $storage.UsedSpace
            $found['allocated_space'] = [string] $storage.AllocatedSpace
        }
        $found
    }
}
