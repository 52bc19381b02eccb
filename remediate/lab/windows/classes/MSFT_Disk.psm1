# MSFT_Disk: what is needed of it. Each volume that somebody has put there has a disk of its own.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/Microsoft/Windows/Storage'
        Kind      = 'volume'
        Base      = 'MSFT_StorageObject'
        Property  = 'IsReadOnly', 'Number'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'volume' -Class 'MSFT_Disk'
    if ($denial) { return $denial }
    $number = 0
    foreach ($volume in $State['volumes']) {
        [ordered]@{ IsReadOnly = $volume.Contains('read_only_disk') -and $volume['read_only_disk']; Number = [uint32] $number }
        $number++
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
