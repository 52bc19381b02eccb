# Stand-in for Get-Service: what the Service Control Manager knows of the services in the host's state file.
# On Windows it is a cmdlet of Microsoft.PowerShell.Management.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/services.psm1')

Register-LabEnum -Name 'System.ServiceProcess.ServiceControllerStatus' -Values ([ordered]@{
        Stopped = 1; StartPending = 2; StopPending = 3; Running = 4; ContinuePending = 5; PausePending = 6; Paused = 7 })

function New-Service {
    # An object like a ServiceController.
    param([string] $Name, [string] $Status, [object[]] $Dependents = @())
    return [pscustomobject]@{
        PSTypeName        = 'System.ServiceProcess.ServiceController'
        ServiceName       = $Name
        DisplayName       = $Name
        Status            = [System.ServiceProcess.ServiceControllerStatus] $Status.Replace(' ', '')
        CanStop           = $Status -eq 'Running'
        DependentServices = $Dependents
    }
}

function Get-Service {
    [CmdletBinding(DefaultParameterSetName = 'Default', PositionalBinding = $false)]
    param(
        [Alias('Cn')] [string[]] $ComputerName,
        [Alias('DS')] [switch] $DependentServices,
        [Parameter(ParameterSetName = 'DisplayName', Mandatory)] [string[]] $DisplayName,
        [string[]] $Exclude,
        [string[]] $Include,
        [Parameter(ParameterSetName = 'InputObject', ValueFromPipeline)] [PSTypeName('System.ServiceProcess.ServiceController')] [object[]] $InputObject,
        [Parameter(ParameterSetName = 'Default', ValueFromPipeline, ValueFromPipelineByPropertyName, Position = 0)] [Alias('ServiceName')] [string[]] $Name,
        [Alias('SDO', 'ServicesDependedOn')] [switch] $RequiredServices
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'Name'
        $all = @(foreach ($service in (Get-LabService -State (Get-LabState))) {
                $dependents = @(foreach ($other in $service['dependents']) { New-Service -Name $other['name'] -Status $other['status'] })
                New-Service -Name $service['name'] -Status $service['state'] -Dependents $dependents
                $dependents
            })
        foreach ($one in $(if ($null -ne $Name) { $Name } else { '*' })) {
            $pattern = [System.Management.Automation.WildcardPattern]::new($one, 'IgnoreCase, CultureInvariant')
            $found = @($all | Where-Object -FilterScript { $pattern.IsMatch($_.ServiceName) })
            $found
            if ($found.Count -or [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($one)) { continue }
            $missing = [System.Management.Automation.ErrorRecord]::new(
                [System.InvalidOperationException]::new("Cannot find any service with service name '$one'."),
                'NoServiceFoundForGivenName', 'ObjectNotFound', $one)
            $PSCmdlet.WriteError($missing)
        }
    }
}

Export-ModuleMember -Function 'Get-Service'
