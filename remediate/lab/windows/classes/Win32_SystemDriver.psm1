# Win32_SystemDriver: the drivers of the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'filter_driver'
        Base      = 'Win32_BaseService', 'CIM_Service', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Name', 'StartMode', 'Started', 'State', 'Status'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'filter_driver' -Class 'Win32_SystemDriver'
    if ($denial) { return $denial }
    foreach ($driver in $State['drivers']) {
        [ordered]@{
            Name      = $driver['name']
            StartMode = $driver['start_mode']
            Started   = $driver['running']
            State     = if ($driver['running']) { 'Running' } else { 'Stopped' }
            Status    = 'OK'
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
