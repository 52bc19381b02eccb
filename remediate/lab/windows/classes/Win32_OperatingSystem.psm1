# Win32_OperatingSystem: the properties that are asked for most; the class has more.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')

$script:Languages = @{ 'en' = @(1033, '0409'); 'de' = @(1031, '0407'); 'ko' = @(1042, '0412') }

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'operating_system'
        Base      = 'CIM_OperatingSystem', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'BuildNumber', 'Caption', 'CSName', 'LocalDateTime', 'Locale', 'MUILanguages', 'Name', 'OSArchitecture',
        'OSLanguage', 'ProductType', 'Status', 'SystemDirectory', 'SystemDrive', 'Version', 'WindowsDirectory'
    }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    $denial = Get-LabDenial -State $State -Kind 'operating_system' -Class 'Win32_OperatingSystem'
    if ($denial) { return $denial }
    $culture = $State['culture']
    $caption = Get-LabText -Culture $culture -Name 'Caption'
    $number, $locale = $script:Languages[$culture.Split('-')[0]]
    return [ordered]@{
        BuildNumber      = ([version] $State['os']).Build.ToString()
        Caption          = $caption
        CSName           = $State['name']
        LocalDateTime    = [datetime]::Now
        Locale           = $locale
        MUILanguages     = [string[]] @($culture)
        Name             = "$caption|$env:SystemRoot|\Device\Harddisk0\Partition2"
        OSArchitecture   = '64-bit'
        OSLanguage       = [uint32] $number
        ProductType      = [uint32] 3
        Status           = 'OK'
        SystemDirectory  = "$env:SystemRoot\system32"
        SystemDrive      = 'C:'
        Version          = $State['os']
        WindowsDirectory = $env:SystemRoot
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow'
