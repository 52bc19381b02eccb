# Win32_SystemEnclosure: what the firmware says of the chassis.

Set-StrictMode -Version Latest

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'operating_system'
        Base      = 'CIM_Chassis', 'CIM_PhysicalFrame', 'CIM_PhysicalPackage', 'CIM_PhysicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Manufacturer', 'SMBIOSAssetTag', 'Tag'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    foreach ($tag in $State['operating_system']['asset_tags']) {
        [ordered]@{ Manufacturer = 'Practice'; SMBIOSAssetTag = $tag; Tag = 'System Enclosure 0' }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
