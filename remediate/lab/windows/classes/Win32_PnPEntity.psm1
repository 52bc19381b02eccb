# Win32_PnPEntity: the devices of the state, with the properties that are asked for.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'iscsi_initiator'
        Base      = 'CIM_LogicalDevice', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'ConfigManagerErrorCode', 'DeviceID', 'PNPDeviceID', 'Status'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'iscsi_initiator' -Class 'Win32_PnPEntity'
    if ($denial) { return $denial }
    foreach ($device in $State['devices']) {
        [ordered]@{
            ConfigManagerErrorCode = [uint32] $device['error_code']
            DeviceID               = $device['device']
            PNPDeviceID            = $device['device']
            Status                 = if ($device['error_code']) { 'Error' } else { 'OK' }
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
