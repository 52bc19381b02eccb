# Values in the registry, written or taken away.

function Set-RemediateRegistryValue {
    # Writes or removes one value.
    param($Current, [hashtable] $After)
    $path = 'Registry::' + $Current['key']
    $value = $After['value']
    if ($null -eq $value) {
        # surface: allow language-mode - Escape keeps brackets in a name from being a pattern
        Remove-ItemProperty -LiteralPath $path -Name ([System.Management.Automation.WildcardPattern]::Escape($Current['name']))
        return
    }
    if (-not (Test-Path -LiteralPath $path)) { $null = New-Item -Path $path -Force }
    $null = New-ItemProperty -LiteralPath $path -Name $Current['name'] -PropertyType $value['type'] -Value $value['data'] -Force
}
