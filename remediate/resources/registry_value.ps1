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

function Set-RemediateRegistryValue {
    # Writes or removes one value, if it still holds what was seen.
    param([hashtable] $Identity, [hashtable] $Before, [hashtable] $After)
    $current = Read-RemediateRegistryValue -Key $Identity['key'] -Name $Identity['name']
    $same = ($null -eq $current) -eq ($null -eq $Before['value'])
    if ($same -and $null -ne $current) {
        $was = $Before['value']
        # by characters: on Windows -ceq overlooks some, the "`0" between texts among them
        $same = $current['type'] -ceq $was['type'] -and [string]::Equals((@($current['data']) -join "`0"), (@($was['data']) -join "`0"), 'Ordinal')
    }
    if (-not $same) {
        Stop-RemediateCall -ErrorId 'RemediateStale' -Message 'The value is no longer what it was.' -Detail @{ property = 'value'; current = $current }
    }
    $path = 'Registry::' + $Identity['key']
    $value = $After['value']
    if ($null -eq $value) {
        # surface: allow language-mode - Escape keeps brackets in a name from being a pattern
        Remove-ItemProperty -LiteralPath $path -Name ([System.Management.Automation.WildcardPattern]::Escape($Identity['name']))
        return
    }
    if (-not (Test-Path -LiteralPath $path)) { $null = New-Item -Path $path -Force }
    $null = New-ItemProperty -LiteralPath $path -Name $Identity['name'] -PropertyType $value['type'] -Value $value['data'] -Force
}
