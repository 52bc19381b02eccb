# Values in the registry, written or taken away.

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
