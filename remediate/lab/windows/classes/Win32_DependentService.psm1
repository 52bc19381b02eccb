# Win32_DependentService: which service needs which. Its references carry their keys and nothing else.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/classes.psm1')

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Base      = 'CIM_ServiceServiceDependency', 'CIM_Dependency'
        Property  = 'Antecedent', 'Dependent', 'TypeOfDependency'
    }
}

function Get-Reference {
    # A reference to a service.
    param([string] $Name)
    $null = Get-LabClassModule -Class 'Win32_Service'
    return New-LabInstance -Namespace 'root/cimv2' -Class 'Win32_Service' -Values ([ordered]@{ Name = $Name })
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    foreach ($service in $State['services']) {
        foreach ($dependent in $service['dependents']) {
            [ordered]@{
                Antecedent       = Get-Reference -Name $service['name']
                Dependent        = Get-Reference -Name $dependent['name']
                TypeOfDependency = $null
            }
        }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
