# Stand-in for the Windows module Storage, as far as volumes are looked through for damage.
# Known from documents: parameters, sets, numbers that are returned. Inferred: the names and numbers of the enum RepairStatus,
# and that an error's id is StorageWMI and the number.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/sessions.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

$script:Status = 'Microsoft.PowerShell.Cmdletization.GeneratedTypes.Volume.RepairStatus'
Register-LabEnum -Name $script:Status -Values ([ordered]@{ NoErrorsFound = 0; ErrorsFound = 1; ErrorsFixed = 2; CleanupPerformed = 3; ScanNotPerformed = 4 })

function Get-Trouble {
    # The error of a command that hangs, or whose account may not do it; nothing when all is well.
    param([AllowNull()] [object[]] $Session)
    if (Test-LabLack -Kind 'volume_scan') {
        throw [System.Management.Automation.CommandNotFoundException]::new('The module Storage is not there.')
    }
    $trouble = Get-LabTrouble -Kind 'volume_scan' -Seconds (Get-LabLimit -Session $Session) -Target 'MSFT_Volume'
    if ($null -ne $trouble) { return $trouble }
    if (Test-LabDenied -Kind 'volume_scan' -Access 'read') { return New-Failure -Code 40001 }
}

function New-Failure {
    # The error record of what storage management refuses.
    param([int] $Code)
    $category = if ($Code -eq 40001) { 'PermissionDenied' } else { 'NotSpecified' }
    return New-LabCimError -Message "Storage management returned $Code." -Id "StorageWMI $Code" -Category $category -Target 'MSFT_Volume'
}

function Find-Volume {
    # The volume with a path.
    param([System.Collections.IDictionary] $State, [string] $Path)
    foreach ($volume in $State['volumes']) { if ($volume['id'] -eq $Path) { return $volume } }
}

function Get-Scan {
    # What is known of the scans of a volume.
    param([System.Collections.IDictionary] $State, [string] $Path)
    foreach ($name in 'scans', $Path) {
        if (-not $State.Contains($name)) { $State[$name] = [ordered]@{} }
        $State = $State[$name]
    }
    return $State
}

function Get-VolumeCorruptionCount {
    [CmdletBinding(DefaultParameterSetName = 'ByDriveLetter', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'ByDriveLetter', Mandatory, Position = 0, ValueFromPipelineByPropertyName)] [char[]] $DriveLetter,
        [Parameter(ParameterSetName = 'ById', Mandatory, ValueFromPipelineByPropertyName)] [Alias('Id')] [string[]] $ObjectId,
        [Parameter(ParameterSetName = 'ByPaths', Mandatory, ValueFromPipelineByPropertyName)] [string[]] $Path,
        [Parameter(ParameterSetName = 'InputObject (cdxml)', Mandatory, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_Volume')] [object[]] $InputObject,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'Path', 'CimSession'
        $trouble = Get-Trouble -Session $CimSession
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        foreach ($one in $Path) {
            $scans = (Get-LabState)['scans']
            $scan = if ($null -ne $scans) { $scans[$one] }
            if ($null -eq $scan) { [uint32] 0 }
            elseif ($scan['silent']) { $PSCmdlet.WriteError((New-Failure -Code 1)) }
            else { [uint32] $scan['corruptions'] }
        }
    }
}

function Repair-Volume {
    [CmdletBinding(DefaultParameterSetName = 'ByDriveLetter', PositionalBinding = $false, SupportsShouldProcess, ConfirmImpact = 'High')]
    param(
        [Parameter(ParameterSetName = 'ByDriveLetter', Mandatory, Position = 0, ValueFromPipelineByPropertyName)] [char[]] $DriveLetter,
        [Parameter(ParameterSetName = 'ById', Mandatory, ValueFromPipelineByPropertyName)] [Alias('Id')] [string[]] $ObjectId,
        [Parameter(ParameterSetName = 'ByPaths', Mandatory, ValueFromPipelineByPropertyName)] [string[]] $Path,
        [Parameter(ParameterSetName = 'InputObject (cdxml)', Mandatory, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_Volume')] [object[]] $InputObject,
        [switch] $OfflineScanAndFix,
        [switch] $SpotFix,
        [switch] $Scan,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        # it only ever scans: what takes a volume offline is nobody's business here
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'Path', 'Scan', 'Confirm', 'WhatIf'
        foreach ($one in $Path) {
            if (-not $PSCmdlet.ShouldProcess($one)) { continue }
            $said = Update-LabState -Action {
                param($state)
                $volume = Find-Volume -State $state -Path $one
                $about = Get-Scan -State $state -Path $one
                if ($about['refuses']) { return New-Failure -Code $about['refuses'] }
                if ($volume['file_system'] -ne 'NTFS') { return New-Failure -Code 43001 }
                $found = [int] $about['finds']
                foreach ($edit in (Get-LabEdit -Kind 'volume_scan')) { if ($edit[0] -eq 'finds') { $found += [int] $edit[1] } }
                if ($found) { $about['corruptions'] = [int] $about['corruptions'] + $found }
                if (-not $about.Count) { $state['scans'].Remove($one) }
                if (-not $state['scans'].Count) { $state.Remove('scans') }
                if ($found) { return 'ErrorsFound' }
                return 'NoErrorsFound'
            }
            if ($said -is [System.Management.Automation.ErrorRecord]) { $PSCmdlet.WriteError($said) }
            else { $said -as ($script:Status -as [type]) }
        }
    }
}

Export-ModuleMember -Function 'Get-VolumeCorruptionCount', 'Repair-Volume'
