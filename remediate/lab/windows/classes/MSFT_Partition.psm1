# MSFT_Partition: what is needed of it; see MSFT_Disk.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/Microsoft/Windows/Storage'
        Kind      = 'volume'
        Base      = 'MSFT_StorageObject'
        Property  = 'AccessPaths', 'DiskNumber', 'IsReadOnly'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'volume' -Class 'MSFT_Partition'
    if ($denial) { return $denial }
    $number = 0
    foreach ($volume in $State['volumes']) {
        [ordered]@{
            AccessPaths = [string[]] @($volume['name'], $volume['id'])
            DiskNumber  = [uint32] $number
            IsReadOnly  = $volume.Contains('read_only') -and $volume['read_only']
        }
        $number++
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
