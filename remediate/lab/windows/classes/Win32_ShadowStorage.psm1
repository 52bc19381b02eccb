# Win32_ShadowStorage: the whole class. Its references to volumes carry their keys and nothing else.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/classes.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'shadow_storage'
        Property  = 'AllocatedSpace', 'DiffVolume', 'MaxSpace', 'UsedSpace', 'Volume'
    }
}

function Get-Reference {
    # A reference to a volume.
    param([string] $Id)
    $null = Get-LabClassModule -Class 'Win32_Volume'
    return New-LabInstance -Namespace 'root/cimv2' -Class 'Win32_Volume' -Values ([ordered]@{ DeviceID = $Id })
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'shadow_storage' -Class 'Win32_ShadowStorage'
    if ($denial) { return $denial }
    foreach ($storage in $State['shadow_storages']) {
        [ordered]@{
            AllocatedSpace = [uint64] $storage['allocated_space']
            DiffVolume     = Get-Reference -Id $storage['diff_volume']
            MaxSpace       = [uint64] $storage['max_space']
            UsedSpace      = [uint64] $storage['used_space']
            Volume         = Get-Reference -Id $storage['volume']
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
