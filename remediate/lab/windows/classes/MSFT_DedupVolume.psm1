# MSFT_DedupVolume: what is needed of it. It is there where a volume says whether it is deduplicated.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/Microsoft/Windows/Deduplication'
        Kind      = 'volume'
        Property  = 'Enabled', 'ExcludeFolder', 'Volume', 'VolumeId'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'volume' -Class 'MSFT_DedupVolume'
    if ($denial) { return $denial }
    $known = @(foreach ($volume in $State['volumes']) { if ($volume.Contains('deduplicated') -and $null -ne $volume['deduplicated']) { $volume } })
    if ($known.Count -eq 0) {
        $text = Get-LabText -Culture $State['culture'] -Name 'InvalidClass'
        return New-LabCimError -Message $text -Id 'HRESULT 0x8004100e' -Category ObjectNotFound -Target 'MSFT_DedupVolume'
    }
    foreach ($volume in $known) {
        [ordered]@{ Enabled = $volume['deduplicated']; ExcludeFolder = [string[]] @($volume['left_alone']); Volume = $volume['name']; VolumeId = $volume['id'] }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
