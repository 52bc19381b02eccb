# Values in the registry, with their type and unexpanded. What is not there is read and written as nothing.

function Read-RemediateRegistryValue {
    # What a value holds, as type and data, or null. A bare return would become an empty object in JSON.
    param([string] $Key, [string] $Name)
    $path = 'Registry::' + $Key
    if (-not (Test-Path -LiteralPath $path)) { return $null }
    $item = Get-Item -LiteralPath $path
    if (@($item.Property) -notcontains $Name) { return $null }
    # surface: allow language-mode - only this way reads a value unexpanded; in other modes the call fails and says so
    $data = $item.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')
    # surface: allow language-mode - as above
    return @{ type = [string] $item.GetValueKind($Name); data = $data }
}

function Get-RemediateRegistryValue {
    # Each of the values that are asked for.
    param([object[]] $Values)
    foreach ($wanted in $Values) {
        [ordered]@{
            key   = $wanted['key']
            name  = $wanted['name']
            value = Read-RemediateRegistryValue -Key $wanted['key'] -Name $wanted['name']
        }
    }
}
