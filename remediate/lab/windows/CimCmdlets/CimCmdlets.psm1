# Stand-in for Get-CimInstance, Set-CimInstance, Invoke-CimMethod, and sessions to this computer. Each class is a module of its own: see support/classes.psm1.
# On Windows they are cmdlets, so their error ids end in the name of a .NET class instead of the command's.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/wql.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/classes.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/sessions.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

function Get-CimInstance {
    [CmdletBinding(DefaultParameterSetName = 'ClassNameComputerSet', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', Mandatory, ValueFromPipeline)] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)] [string] $ClassName,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet')]
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)] [Alias('CN', 'ServerName')] [string[]] $ComputerName,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', ValueFromPipelineByPropertyName)] [string] $Filter,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Alias('CimInstance')] [PSTypeName('Microsoft.Management.Infrastructure.CimInstance')] [object] $InputObject,
        [Parameter(ParameterSetName = 'ClassNameComputerSet')] [Parameter(ParameterSetName = 'ClassNameSessionSet')]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet')] [Parameter(ParameterSetName = 'ResourceUriSessionSet')] [switch] $KeyOnly,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', ValueFromPipelineByPropertyName)] [string] $Namespace,
        [Alias('OT')] [uint32] $OperationTimeoutSec,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', ValueFromPipelineByPropertyName)] [Alias('SelectProperties')] [string[]] $Property,
        [Parameter(ParameterSetName = 'QueryComputerSet', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipelineByPropertyName)] [string] $Query,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)] [string] $QueryDialect,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet')] [Parameter(ParameterSetName = 'CimInstanceSessionSet')]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', Mandatory, ValueFromPipelineByPropertyName)] [uri] $ResourceUri,
        [Parameter(ParameterSetName = 'ClassNameComputerSet')] [Parameter(ParameterSetName = 'ClassNameSessionSet')]
        [Parameter(ParameterSetName = 'QueryComputerSet')] [Parameter(ParameterSetName = 'QuerySessionSet')]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet')] [Parameter(ParameterSetName = 'ResourceUriSessionSet')] [switch] $Shallow
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'ClassName', 'Namespace', 'Filter', 'Property', 'OperationTimeoutSec'
        $state = Get-LabState
        $class = Get-LabClassModule -Class $ClassName -Namespace $Namespace
        if ($null -eq $class -or (Test-LabLack -Kind $class['Kind'])) {
            $text = Get-LabText -Culture $state['culture'] -Name 'InvalidClass'
            return $PSCmdlet.WriteError((New-LabCimError -Message $text -Id 'HRESULT 0x80041010' -Category MetadataError -Target $ClassName))
        }
        $trouble = Get-LabTrouble -Kind $class['Kind'] -Seconds $OperationTimeoutSec -Target $ClassName
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        & $class['Commands']['Get-LabRow'] -State $state | Select-LabRow -Filter $Filter -Known $class['Property'] | ForEach-Object -Process {
            if ($_ -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($_) }
            $values = [ordered]@{}
            foreach ($name in $class['Property']) {
                $values[$name] = if (-not $Property -or $name -in $Property) { $_[$name] }
            }
            New-LabInstance -Namespace $class['Namespace'] -Class (@($class['Name']) + $class['Base']) -Values $values
        }
    }
}

function Set-CimInstance {
    [CmdletBinding(DefaultParameterSetName = 'CimInstanceComputerSet', PositionalBinding = $false, SupportsShouldProcess)]
    param(
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipeline)] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet')]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)] [Alias('CN', 'ServerName')] [string[]] $ComputerName,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Alias('CimInstance')] [PSTypeName('Microsoft.Management.Infrastructure.CimInstance')] [object] $InputObject,
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)] [string] $Namespace,
        [Alias('OT')] [uint32] $OperationTimeoutSec,
        [switch] $PassThru,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipelineByPropertyName)] [Alias('Arguments')] [System.Collections.IDictionary] $Property,
        [Parameter(ParameterSetName = 'QueryComputerSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)] [string] $Query,
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)] [string] $QueryDialect,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', ValueFromPipelineByPropertyName)] [uri] $ResourceUri
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'Property', 'OperationTimeoutSec', 'Confirm', 'WhatIf'
        $system = $InputObject.CimSystemProperties
        $class = Get-LabClassModule -Class $system.ClassName -Namespace $system.Namespace
        if ($null -eq $class -or -not $class['Commands'].ContainsKey('Set-LabRow')) {
            throw [System.NotImplementedException]::new("The stand-in for $($system.ClassName) has no Set-LabRow.")
        }
        if (-not $PSCmdlet.ShouldProcess($system.ClassName)) { return }
        $trouble = Get-LabTrouble -Kind $class['Kind'] -Seconds $OperationTimeoutSec -Target $system.ClassName
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        $row = @{}
        foreach ($one in $InputObject.CimInstanceProperties) { $row[$one.Name] = $one.Value }
        $result = Update-LabState -Action {
            param($state)
            & $class['Commands']['Set-LabRow'] -State $state -Row $row -Values $Property
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($result) }
    }
}

function Invoke-CimMethod {
    [CmdletBinding(DefaultParameterSetName = 'ClassNameComputerSet', PositionalBinding = $false, SupportsShouldProcess)]
    param(
        [Parameter(Position = 0)] [System.Collections.IDictionary] $Arguments,
        [Parameter(ParameterSetName = 'CimClassComputerSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Parameter(ParameterSetName = 'CimClassSessionSet', Mandatory, ValueFromPipeline, Position = 0)] [Microsoft.Management.Infrastructure.CimClass] $CimClass,
        [Parameter(ParameterSetName = 'CimClassSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipeline)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', Mandatory, ValueFromPipelineByPropertyName)] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)] [Alias('Class')] [string] $ClassName,
        [Parameter(ParameterSetName = 'CimClassComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'CimInstanceComputerSet')]
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)] [Alias('CN', 'ServerName')] [string[]] $ComputerName,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', Mandatory, ValueFromPipeline, Position = 0)]
        [Alias('CimInstance')] [PSTypeName('Microsoft.Management.Infrastructure.CimInstance')] [object] $InputObject,
        [Parameter(Mandatory, Position = 1)] [Alias('Name')] [string] $MethodName,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ClassNameSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', ValueFromPipelineByPropertyName)] [string] $Namespace,
        [Alias('OT')] [uint32] $OperationTimeoutSec,
        [Parameter(ParameterSetName = 'QueryComputerSet', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', Mandatory, ValueFromPipelineByPropertyName)] [string] $Query,
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'QuerySessionSet', ValueFromPipelineByPropertyName)] [string] $QueryDialect,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'CimInstanceSessionSet', ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriComputerSet', Mandatory, ValueFromPipelineByPropertyName)]
        [Parameter(ParameterSetName = 'ResourceUriSessionSet', Mandatory, ValueFromPipelineByPropertyName)] [uri] $ResourceUri
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'ClassName', 'Namespace', 'MethodName', 'Arguments', 'OperationTimeoutSec', 'Confirm', 'WhatIf'
        $row = @{} # a method of the class itself has none
        if ($null -ne $InputObject) {
            $ClassName = $InputObject.CimSystemProperties.ClassName
            $Namespace = $InputObject.CimSystemProperties.Namespace
            foreach ($property in $InputObject.CimInstanceProperties) { $row[$property.Name] = $property.Value }
        }
        $class = Get-LabClassModule -Class $ClassName -Namespace $Namespace
        if ($null -eq $class -or -not $class['Commands'].ContainsKey('Invoke-LabMethod')) {
            throw [System.NotImplementedException]::new("The stand-in for $ClassName has no methods.")
        }
        if (-not $PSCmdlet.ShouldProcess($ClassName, $MethodName)) { return }
        $trouble = Get-LabTrouble -Kind $class['Kind'] -Seconds $OperationTimeoutSec -Target $ClassName
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        $given = if ($null -ne $Arguments) { $Arguments } else { @{} }
        $result = & $class['Commands']['Invoke-LabMethod'] -Row $row -Method $MethodName -Arguments $given
        if ($result -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($result) }
        return [pscustomobject] ($result + @{ PSComputerName = $null })
    }
}

function New-CimSession {
    [CmdletBinding(DefaultParameterSetName = 'CredentialParameterSet', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'CredentialParameterSet', ValueFromPipelineByPropertyName)] [Microsoft.Management.Infrastructure.Options.PasswordAuthenticationMechanism] $Authentication,
        [Parameter(ParameterSetName = 'CertificatePrameterSet', ValueFromPipelineByPropertyName)] [string] $CertificateThumbprint,
        [Parameter(Position = 0)] [Alias('CN', 'ServerName')] [string[]] $ComputerName,
        [Parameter(ParameterSetName = 'CredentialParameterSet', Position = 1)] [pscredential] $Credential,
        [string] $Name,
        [Alias('OT')] [uint32] $OperationTimeoutSec,
        [uint32] $Port,
        [Microsoft.Management.Infrastructure.Options.CimSessionOptions] $SessionOption,
        [switch] $SkipTestConnection
    )
    Assert-LabImplemented -Bound $PSBoundParameters -Known 'OperationTimeoutSec', 'SkipTestConnection'
    return Open-LabSession -Seconds $OperationTimeoutSec
}

function Remove-CimSession {
    [CmdletBinding(DefaultParameterSetName = 'CimSessionSet', PositionalBinding = $false, SupportsShouldProcess)]
    param(
        [Parameter(ParameterSetName = 'CimSessionSet', Mandatory, ValueFromPipeline, ValueFromPipelineByPropertyName, Position = 0)] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [Parameter(ParameterSetName = 'ComputerNameSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)] [Alias('CN', 'ServerName')] [string[]] $ComputerName,
        [Parameter(ParameterSetName = 'SessionIdSet', Mandatory, ValueFromPipelineByPropertyName, Position = 0)] [uint32[]] $Id,
        [Parameter(ParameterSetName = 'InstanceIdSet', Mandatory, ValueFromPipelineByPropertyName)] [guid[]] $InstanceId,
        [Parameter(ParameterSetName = 'NameSet', Mandatory, ValueFromPipelineByPropertyName)] [string[]] $Name
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'CimSession', 'Confirm', 'WhatIf'
        foreach ($session in $CimSession) {
            if (-not $PSCmdlet.ShouldProcess('CimSession')) { continue }
            if (-not (Close-LabSession -Session $session)) {
                $PSCmdlet.WriteError((New-LabCimError -Message 'The session is not known.' -Id 'ErrorNoSession' -Category ObjectNotFound -Target $session))
            }
        }
    }
}

Export-ModuleMember -Function 'Get-CimInstance', 'Invoke-CimMethod', 'New-CimSession', 'Remove-CimSession', 'Set-CimInstance'
