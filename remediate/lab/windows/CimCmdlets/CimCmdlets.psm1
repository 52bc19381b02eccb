# Stand-in for Get-CimInstance: Win32_OperatingSystem only, so far.
# On Windows it is a cmdlet, so its error ids end in the name of a .NET class instead of the command's.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')

$script:OperatingSystem = @(
    'BuildNumber', 'Caption', 'CSName', 'LocalDateTime', 'Locale', 'MUILanguages', 'Name', 'OSArchitecture',
    'OSLanguage', 'ProductType', 'Status', 'SystemDirectory', 'SystemDrive', 'Version', 'WindowsDirectory'
)
$script:Languages = @{ 'en' = @(1033, '0409'); 'de' = @(1031, '0407'); 'ko' = @(1042, '0412') }
Register-LabClass -Class 'Win32_OperatingSystem' -Property $script:OperatingSystem

function Get-OperatingSystem {
    # The properties that are asked for most; the class has more.
    param([System.Collections.IDictionary] $State)
    $culture = $State['culture']
    $caption = Get-LabText -Culture $culture -Name 'Caption'
    $number, $locale = $script:Languages[$culture.Split('-')[0]]
    return [ordered]@{
        BuildNumber     = ([version] $State['os']).Build.ToString()
        Caption         = $caption
        CSName          = $State['name']
        LocalDateTime   = [datetime]::Now
        Locale          = $locale
        MUILanguages    = [string[]] @($culture)
        Name            = "$caption|$env:SystemRoot|\Device\Harddisk0\Partition2"
        OSArchitecture  = '64-bit'
        OSLanguage      = [uint32] $number
        ProductType     = [uint32] 3
        Status          = 'OK'
        SystemDirectory = "$env:SystemRoot\system32"
        SystemDrive     = 'C:'
        Version         = $State['os']
        WindowsDirectory = $env:SystemRoot
    }
}

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
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'ClassName', 'Namespace'
        $space = if ($Namespace) { $Namespace.Replace('\', '/') } else { 'root/cimv2' }
        $state = Get-LabState
        if ($ClassName -ine 'Win32_OperatingSystem' -or $space -ine 'root/cimv2') {
            $text = Get-LabText -Culture $state['culture'] -Name 'InvalidClass'
            return $PSCmdlet.WriteError((New-LabCimError -Message $text -Id 'HRESULT 0x80041010' -Category MetadataError -Target $ClassName))
        }
        New-LabInstance -Namespace 'root/cimv2' -Class 'Win32_OperatingSystem', 'CIM_OperatingSystem', 'CIM_LogicalElement', 'CIM_ManagedSystemElement' `
            -Values (Get-OperatingSystem -State $state)
    }
}

Export-ModuleMember -Function 'Get-CimInstance'
