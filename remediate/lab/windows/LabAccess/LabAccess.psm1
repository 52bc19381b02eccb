# Stand-in for Get-Acl and Set-Acl on folders: what the host's state says of who may do what, as SDDL. Once it is loaded, a folder keeps that
# when it gets another name.
# On Windows they are cmdlets of Microsoft.PowerShell.Security, with more parameters than these. As there, Set-Acl writes all that an object has, and takes away
# what is audited where that was not read with -Audit.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')

$script:Usual = @{ owner = 'SY'; group = 'SY'; access = 'AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)'; audit = 'AI(AU;OICISA;FA;;;WD)' }

function Find-Access {
    # What a state says of a folder, and under which path.
    param([System.Collections.IDictionary] $State, [string] $Path)
    if ($null -ne $State['access']) {
        foreach ($known in $State['access'].Keys) {
            if ($known -ieq $Path) { return @{ path = $known; said = $State['access'][$known] } }
        }
    }
    return @{ path = $Path; said = $script:Usual }
}

function Assert-Allowed {
    # Throws what Windows throws where the account may not.
    param([string] $Access)
    if (Test-LabDenied -Kind 'folder_access' -Access $Access) { throw [System.UnauthorizedAccessException]::new('Attempted to perform an unauthorized operation.') }
}

function Get-Acl {
    [CmdletBinding(DefaultParameterSetName = 'ByLiteralPath', PositionalBinding = $false)]
    param(
        [switch] $Audit,
        [Parameter(ParameterSetName = 'ByLiteralPath', ValueFromPipeline, ValueFromPipelineByPropertyName)] [Alias('PSPath')] [string[]] $LiteralPath
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'LiteralPath', 'Audit'
        Assert-Allowed -Access 'read'
        $said = (Find-Access -State (Get-LabState) -Path $LiteralPath[0])['said']
        $acl = [pscustomobject]@{ PSTypeName = 'System.Security.AccessControl.DirectorySecurity'; Owner = $said['owner']; Group = $said['group']; Access = $said['access']; Audited = $null }
        if ($Audit) { $acl.Audited = $said['audit'] }
        $acl | Add-Member -MemberType ScriptMethod -Name 'GetSecurityDescriptorSddlForm' -Value {
            param([string] $Sections)
            @{ Owner = 'O:'; Group = 'G:'; Access = 'D:' }[$Sections] + $this.$Sections
        }
        $acl | Add-Member -MemberType ScriptMethod -Name 'SetSecurityDescriptorSddlForm' -Value {
            param([string] $Text, [string] $Sections)
            if ($Text.Substring(0, 2) -ne @{ Owner = 'O:'; Group = 'G:'; Access = 'D:' }[$Sections]) { throw [System.ArgumentException]::new('sddlForm') }
            $this.$Sections = $Text.Substring(2)
        }
        return $acl
    }
}

function Set-Acl {
    [CmdletBinding(DefaultParameterSetName = 'ByLiteralPath', PositionalBinding = $false, SupportsShouldProcess)]
    param(
        [Parameter(Mandatory, ValueFromPipeline, Position = 1)] [object] $AclObject,
        [Parameter(ParameterSetName = 'ByLiteralPath', Mandatory, ValueFromPipelineByPropertyName)] [Alias('PSPath')] [string[]] $LiteralPath
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'LiteralPath', 'AclObject', 'Confirm', 'WhatIf'
        Assert-Allowed -Access 'write'
        if (-not $PSCmdlet.ShouldProcess($LiteralPath[0])) { return }
        Update-LabState -Action {
            param($State)
            if ($null -eq $State['access']) { $State['access'] = [ordered]@{} }
            $there = (Find-Access -State $State -Path $LiteralPath[0])['path']
            $audited = if ($null -eq $AclObject.Audited) { '' } else { $AclObject.Audited }
            $access = Get-LabSavedText -Kind 'folder_access' -Text $AclObject.Access
            $State['access'][$there] = [ordered]@{ owner = $AclObject.Owner; group = $AclObject.Group; access = $access; audit = $audited }
        }
    }
}

function Rename-Item {
    # The engine's own, but that a folder keeps who may do what in it.
    [CmdletBinding(DefaultParameterSetName = 'ByLiteralPath', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'ByLiteralPath', Mandatory, ValueFromPipelineByPropertyName)] [Alias('PSPath')] [string] $LiteralPath,
        [Parameter(Mandatory, Position = 0)] [string] $NewName
    )
    process {
        Microsoft.PowerShell.Management\Rename-Item -LiteralPath $LiteralPath -NewName $NewName
        Update-LabState -Action {
            param($State)
            if ($null -eq $State['access']) { return }
            $there = (Find-Access -State $State -Path $LiteralPath)['path']
            $said = $State['access'][$there]
            if ($null -eq $said) { return }
            $State['access'].Remove($there)
            $named = $LiteralPath -replace '[^\\]+\z', ''
            $State['access'][(Find-Access -State $State -Path ($named + $NewName))['path']] = $said
        }
    }
}

Export-ModuleMember -Function 'Get-Acl', 'Rename-Item', 'Set-Acl'
