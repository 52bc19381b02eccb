# Win32_ShadowCopy: the properties that are asked for most; the class has more.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'shadow_storage'
        Base      = 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'ID', 'InstallDate', 'OriginatingMachine', 'Persistent', 'State', 'VolumeName'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'shadow_storage' -Class 'Win32_ShadowCopy'
    if ($denial) { return $denial }
    foreach ($copy in $State['shadow_copies']) {
        [ordered]@{
            ID                 = $copy['id']
            # local time, as WMI's dates arrive
            InstallDate        = if ($copy['created']) { [datetime]::Parse($copy['created'], [cultureinfo]::InvariantCulture) }
            OriginatingMachine = $State['name']
            Persistent         = if ($null -ne $copy['persistent']) { [bool] $copy['persistent'] } else { $true }
            State              = [uint32] $(if ($null -ne $copy['state']) { $copy['state'] } else { 12 })
            VolumeName         = $copy['volume']
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
