# Win32_OperatingSystem: the properties that are asked for most; the class has more.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/access.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')

$script:Languages = @{ 'en' = @(1033, '0409'); 'de' = @(1031, '0407'); 'ko' = @(1042, '0412') }

function Get-LabClass {
    return @{
        Namespace = 'root/cimv2'
        Kind      = 'operating_system'
        Base      = 'CIM_OperatingSystem', 'CIM_LogicalElement', 'CIM_ManagedSystemElement'
        Property  = 'BuildNumber', 'Caption', 'CSName', 'LastBootUpTime', 'LocalDateTime', 'Locale', 'MUILanguages', 'Name', 'OSArchitecture',
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
        LastBootUpTime   = if ($State['boot']) { ([datetimeoffset] $State['boot']['booted']).LocalDateTime }
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

function Invoke-LabMethod {
    # A restart is only asked for: the lab lets it happen when the pipeline has ended.
    param([System.Collections.IDictionary] $Row, [string] $Method, [System.Collections.IDictionary] $Arguments)
    if ($Method -ne 'Win32ShutdownTracker' -or $Arguments['Flags'] -ne 6) { throw [System.NotImplementedException]::new("The stand-in for Win32_OperatingSystem restarts by Win32ShutdownTracker, and does nothing else.") }
    # Windows finds the instance by its key
    if (-not $Row['Name']) { throw [System.ArgumentException]::new('Win32_OperatingSystem has no instance without a Name.') }
    $code = Update-LabState -Action {
        param($state)
        if ($state['denied']['boot'] -eq 'write') { return 1314 }
        if ($state['boot']['refuses']) { return $state['boot']['refuses'] }
        $state['boot']['asked'] = $true
        foreach ($edit in (Get-LabEdit -Kind 'boot')) { if ($edit[0] -eq 'code') { return [int] $edit[1] } }
        return 0
    }
    return @{ ReturnValue = [uint32] $code }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow', 'Invoke-LabMethod'
