# Keys and values in the state file: a list of keys, each with its full path and its values.
# A key whose path is the beginning of another's exists too. Windows ignores case in keys and names.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')

$script:Hives = @('HKEY_LOCAL_MACHINE', 'HKEY_CURRENT_USER', 'HKEY_USERS', 'HKEY_CLASSES_ROOT', 'HKEY_CURRENT_CONFIG')

function Find-LabKey {
    # The record of a key in a state, or nothing.
    param([System.Collections.IDictionary] $State, [string] $Path)
    foreach ($key in $State['registry']) {
        if ($key['path'] -ieq $Path) { return $key }
    }
}

function Test-LabKey {
    # Whether a key exists, if only because there are others below it.
    param([System.Collections.IDictionary] $State, [string] $Path)
    if ($Path -eq '' -or $Path -iin $script:Hives) { return $true }
    foreach ($key in $State['registry']) {
        if ($key['path'] -ieq $Path -or $key['path'].StartsWith($Path + '\', 'OrdinalIgnoreCase')) { return $true }
    }
    return $false
}

function Get-LabSubkey {
    # The names of the keys right below a key.
    param([System.Collections.IDictionary] $State, [string] $Path)
    if ($Path -eq '') { return $script:Hives }
    $names = [System.Collections.Generic.SortedDictionary[string, string]]::new([System.StringComparer]::OrdinalIgnoreCase)
    foreach ($key in $State['registry']) {
        if (-not $key['path'].StartsWith($Path + '\', 'OrdinalIgnoreCase')) { continue }
        $name = $key['path'].Substring($Path.Length + 1).Split('\')[0]
        $names[$name] = $name
    }
    return @($names.Values)
}

function Find-LabValue {
    # The record of a value of a key, or nothing.
    param([System.Collections.IDictionary] $Key, [string] $Name)
    foreach ($value in $Key['values']) {
        if ($value['name'] -ieq $Name) { return $value }
    }
}

function ConvertFrom-LabData {
    # What the file has of a value, as the .NET type that Windows gives for it.
    param([System.Collections.IDictionary] $Value)
    switch ($Value['type']) {
        'DWord' { return [int] $Value['data'] }
        'QWord' { return [long] $Value['data'] }
        'MultiString' { return , [string[]] @($Value['data']) }
        { $_ -in 'Binary', 'None', 'Unknown' } { return , [byte[]] @($Value['data']) }
        default { return [string] $Value['data'] }
    }
}

function ConvertTo-Signed {
    # A number as .NET gives it, whose first bit is the sign. PowerShell takes it with and without one.
    param($Data, [type] $Type, [type] $Unsigned)
    try { return [System.Management.Automation.LanguagePrimitives]::ConvertTo($Data, $Type) }
    catch {
        $bytes = [System.BitConverter]::GetBytes([System.Management.Automation.LanguagePrimitives]::ConvertTo($Data, $Unsigned))
        if ($bytes.Length -eq 4) { return [System.BitConverter]::ToInt32($bytes, 0) }
        return [System.BitConverter]::ToInt64($bytes, 0)
    }
}

function ConvertTo-LabData {
    # A value given to a command, as the file has it; an InvalidCast where Windows would have one.
    param($Data, [Microsoft.Win32.RegistryValueKind] $Kind)
    switch ($Kind) {
        'DWord' { return [long] (ConvertTo-Signed -Data $Data -Type ([int]) -Unsigned ([uint32])) }
        'QWord' { return ConvertTo-Signed -Data $Data -Type ([long]) -Unsigned ([uint64]) }
        'MultiString' { return , @([string[]] @($Data)) }
        { $_ -in 'Binary', 'None', 'Unknown' } { return , @(foreach ($byte in [byte[]] @($Data)) { [int] $byte }) }
        default { return [string] $Data }
    }
}

function Get-LabKind {
    # The kind that Windows chooses when none is given.
    param($Data)
    switch ($Data) {
        { $_ -is [int] } { return [Microsoft.Win32.RegistryValueKind]::DWord }
        { $_ -is [long] } { return [Microsoft.Win32.RegistryValueKind]::QWord }
    }
    if ($Data -is [byte[]]) { return [Microsoft.Win32.RegistryValueKind]::Binary }
    if ($Data -is [string[]] -or $Data -is [object[]]) { return [Microsoft.Win32.RegistryValueKind]::MultiString }
    return [Microsoft.Win32.RegistryValueKind]::String
}

function Add-LabKey {
    # Makes a key in a state that is being changed, if it is not there.
    param([System.Collections.IDictionary] $State, [string] $Path)
    $key = Find-LabKey -State $State -Path $Path
    if ($null -ne $key) { return $key }
    $key = [ordered]@{ path = $Path; values = [System.Collections.Generic.List[object]]::new() }
    (Get-LabSection -State $State -Name 'registry' -Add).Add($key)
    return $key
}

Export-ModuleMember -Function '*-Lab*'
