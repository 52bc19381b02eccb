# Win32_ComputerSystem: what of it is needed.

Set-StrictMode -Version Latest

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'operating_system'
        Base      = 'CIM_UnitaryComputerSystem', 'CIM_ComputerSystem', 'CIM_System', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'DNSHostName', 'Domain', 'Name', 'PartOfDomain'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $domain = [string] $State['operating_system']['domain']
    return [ordered]@{
        DNSHostName  = $State['name']
        Domain       = if ($domain) { $domain } else { 'WORKGROUP' }
        Name         = $State['name']
        PartOfDomain = [bool] $domain
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
