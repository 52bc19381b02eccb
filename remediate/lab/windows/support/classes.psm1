# Finds the module of a CIM class: classes/<Class>.psm1 in a folder of PSModulePath. Each has these functions:
#   Get-LabClass                what the class is: Namespace; Base, the classes it derives from; Property, names; Enum;
#                               Kind, of the resource that it is read for
#   Get-LabRow -State           its instances in the host's state: ordered dictionaries, or an error record
#   Set-LabRow -State -Row -Values
#                               only where it can be modified: writes these properties of an instance into the state
#   Invoke-LabMethod -Row -Method -Arguments
#                               only where it has methods: does it, returns the out-parameters and ReturnValue

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'cim.psm1')

$script:Classes = @{}

function Get-LabClassModule {
    # A class as Namespace, Base, Property and its commands; nothing when there is none of this name and namespace.
    param([string] $Class, [string] $Namespace)
    if ($Class -notmatch '^\w+$') { return }
    if (-not $script:Classes.ContainsKey($Class)) {
        $folders = @(foreach ($one in $env:PSModulePath.Split([System.IO.Path]::PathSeparator)) { "$one/classes" }).Where({ [System.IO.Directory]::Exists($_) })
        $file = @(Get-ChildItem -LiteralPath $folders -Filter '*.psm1' | Where-Object -FilterScript { $_.BaseName -ieq $Class })
        $script:Classes[$Class] = if ($file.Count) {
            $commands = (Import-Module -Name $file[0].FullName -PassThru).ExportedFunctions
            $about = @{ Name = $file[0].BaseName; Base = @(); Enum = @{}; Kind = $null; Commands = $commands }
            foreach ($entry in (& $commands['Get-LabClass']).GetEnumerator()) { $about[$entry.Key] = $entry.Value }
            Register-LabClass -Class $about['Name'] -Property $about['Property'] -Enum $about['Enum']
            $about
        }
    }
    $found = $script:Classes[$Class]
    $space = if ($Namespace) { $Namespace.Replace('\', '/') } else { 'root/cimv2' }
    if ($null -ne $found -and $found['Namespace'] -ieq $space) { return $found }
}

Export-ModuleMember -Function 'Get-LabClassModule'
