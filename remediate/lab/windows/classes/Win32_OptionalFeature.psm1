# Win32_OptionalFeature: the features of the state.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'optional_feature'
        Base      = 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'Caption', 'InstallState', 'Name'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'optional_feature' -Class 'Win32_OptionalFeature'
    if ($denial) { return $denial }
    foreach ($feature in (Get-LabSection -State $State -Name 'features')) {
        [ordered]@{ Caption = $feature['name']; InstallState = [uint32] $feature['state']; Name = $feature['name'] }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
