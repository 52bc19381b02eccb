# Win32_Volume: the properties that are asked for most; the class has more. Numbers of 64 bits are text in the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'volume'
        Base      = 'CIM_StorageVolume', 'CIM_StorageExtent', 'CIM_LogicalDevice', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Capacity', 'Caption', 'Compressed', 'DeviceID', 'DirtyBitSet', 'DriveLetter', 'DriveType', 'FileSystem', 'FreeSpace', 'Name', 'SystemName'
    }
}

function Get-Said {
    # What the state says of a volume that is no ordinary one; false where it says nothing.
    param([System.Collections.IDictionary] $Volume, [string] $Name)
    if ($Volume.Contains($Name)) { return $Volume[$Name] }
    return $false
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'volume' -Class 'Win32_Volume'
    if ($denial) { return $denial }
    foreach ($volume in $State['volumes']) {
        # a volume that is offline is only known to what refers to it
        if (-not $volume['name']) { continue }
        $letter = if ($volume['name'] -match '^[A-Z]:\\$') { $volume['name'].Substring(0, 2) }
        [ordered]@{
            Capacity    = if ($null -ne $volume['capacity']) { [uint64] $volume['capacity'] }
            Caption     = $volume['name']
            Compressed  = Get-Said -Volume $volume -Name 'compressed'
            DeviceID    = $volume['id']
            DirtyBitSet = Get-Said -Volume $volume -Name 'dirty'
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
