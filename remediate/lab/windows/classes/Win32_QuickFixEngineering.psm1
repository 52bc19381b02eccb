# Win32_QuickFixEngineering: the updates of the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'installed_update'
        Base      = 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'CSName', 'Description', 'HotFixID', 'InstalledBy', 'InstalledOn', 'ServicePackInEffect'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'installed_update' -Class 'Win32_QuickFixEngineering'
    if ($denial) { return $denial }
    foreach ($update in $State['updates']) {
        [ordered]@{
            CSName              = $State['name']
            Description         = 'Update'
            HotFixID            = $update['update']
            InstalledBy         = 'NT AUTHORITY\SYSTEM'
            InstalledOn         = $update['installed']
            ServicePackInEffect = ''
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
