# Values in the registry, with their type and unexpanded. What is not there is read as nothing, and is found all the same.

function Get-RemediateRegistryData {
    # What a value holds, as type and data, or null. A bare return would become an empty object in JSON.
    param([string] $Key, [string] $Name)
    $path = 'Registry::' + $Key
    if (-not (Test-Path -LiteralPath $path)) { return $null }
    $item = Get-Item -LiteralPath $path
    if (@($item.Property) -notcontains $Name) { return $null }
    # surface: allow language-mode - only this way reads a value unexpanded; in other modes the call fails and says so
    $data = $item.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
    # surface: allow language-mode - as above
    $type = [string] $item.GetValueKind($Name)
    # .NET takes the first bit of a number for a sign; the registry has none
    if ($type -eq 'DWord' -and $data -lt 0) { $data = [int64] $data + 4294967296 }
    if ($type -eq 'QWord' -and $data -lt 0) { $data = [decimal] $data + 18446744073709551616d }
    return @{ type = $type; data = $data }
}

function Find-RemediateRegistryValue {
    # A value, also one that does not exist: it is made by writing it.
    param([hashtable] $Identity)
    return @{ key = $Identity['key']; name = $Identity['name']; value = Get-RemediateRegistryData -Key $Identity['key'] -Name $Identity['name'] }
}

function Read-RemediateRegistryValue {
    # What can be set of it, as it is now.
    param($Current)
    return @{ value = $Current['value'] }
}

function Get-RemediateRegistryValue {
    # Each of the values that are asked for.
    param([object[]] $Values)
    foreach ($wanted in $Values) {
        $current = Find-RemediateRegistryValue -Identity $wanted
        [ordered]@{ key = $current['key']; name = $current['name']; value = (Read-RemediateRegistryValue -Current $current)['value'] }
    }
}
