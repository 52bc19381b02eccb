# Shadow storage: what volumes have and may have, read through CIM by number, written by vssadmin.
# Numbers of 64 bits go as text: one of them, 2^64-1, means that there is no limit.

function ConvertTo-RemediateVolumeName {
    # A volume's drive letter or mount path, as vssadmin takes it. One that has neither keeps its id.
    param([string] $Name)
    if ($Name.StartsWith('\\?\')) { return $Name }
    return $Name.TrimEnd('\')
}

function Get-RemediateShadowStorage {
    # Every association of a volume with its shadow storage, then local volumes that have none.
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
        $named = -not ([string] $volume.Name).StartsWith('\\?\')
        # 3: a local disk
        if ($volume.DriveType -eq 3 -and $named -and $having -notcontains $id) {
            $pairs += @{ Storage = $null; Volume = $id; DiffVolume = $id }
        }
    }
    foreach ($pair in $pairs) {
        $storage = $pair['Storage']
        $volume = $volumes[$pair['Volume']]
        $diff = $volumes[$pair['DiffVolume']]
        $found = [ordered]@{
            volume          = $pair['Volume']
            diff_volume     = $pair['DiffVolume']
            name            = $pair['Volume']
            diff_name       = $pair['DiffVolume']
            max_space       = $null
            used_space      = '0'
            allocated_space = '0'
            capacity        = $null
            free_space      = $null
            file_system     = $null
            copies          = @(foreach ($copy in $copies) {
                    if ($copy.VolumeName -ne $pair['Volume']) { continue }
                    $created = $null
                    if ($null -ne $copy.InstallDate) { $created = ([datetime] $copy.InstallDate).ToUniversalTime().ToString('s') + 'Z' }
                    @{ id = [string] $copy.ID; created = $created }
                })
        }
        if ($null -ne $volume) { $found['name'] = ConvertTo-RemediateVolumeName -Name $volume.Name }
        if ($null -ne $diff) {
            $found['diff_name'] = ConvertTo-RemediateVolumeName -Name $diff.Name
            if ($null -ne $diff.Capacity) { $found['capacity'] = [string] $diff.Capacity }
            if ($null -ne $diff.FreeSpace) { $found['free_space'] = [string] $diff.FreeSpace }
            if ($null -ne $diff.FileSystem) { $found['file_system'] = [string] $diff.FileSystem }
        }
        if ($null -ne $storage) {
            $found['max_space'] = [string] $storage.MaxSpace
            $found['used_space'] = [string] $storage.UsedSpace
            $found['allocated_space'] = [string] $storage.AllocatedSpace
        }
        $found
    }
}
