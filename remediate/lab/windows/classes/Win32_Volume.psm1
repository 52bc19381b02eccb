# Win32_Volume: the properties that are asked for most; the class has more. Numbers of 64 bits are text in the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'shadow_storage'
        Base      = 'CIM_StorageVolume', 'CIM_StorageExtent', 'CIM_LogicalDevice', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Capacity', 'Caption', 'DeviceID', 'DriveLetter', 'DriveType', 'FileSystem', 'FreeSpace', 'Name', 'SystemName'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'shadow_storage' -Class 'Win32_Volume'
    if ($denial) { return $denial }
    foreach ($volume in $State['volumes']) {
        # a volume that is offline is only known to what refers to it
        if (-not $volume['name']) { continue }
        $letter = if ($volume['name'] -match '^[A-Z]:\\$') { $volume['name'].Substring(0, 2) }
        [ordered]@{
            Capacity    = if ($null -ne $volume['capacity']) { [uint64] $volume['capacity'] }
            Caption     = $volume['name']
            DeviceID    = $volume['id']
            DriveLetter = $letter
            DriveType   = [uint32] $volume['drive_type']
            FileSystem  = $volume['file_system']
            FreeSpace   = if ($null -ne $volume['free_space']) { [uint64] $volume['free_space'] }
            Name        = $volume['name']
            SystemName  = $State['name']
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
