# Values in the registry, written or taken away.

function Set-RemediateRegistryValue {
    # Writes or removes one value.
    param($Current, [hashtable] $After)
    $path = 'Registry::' + $Current['key']
    $value = $After['value']
    if ($null -eq $value) {
        Remove-ItemProperty -LiteralPath $path -Name $Current['name'] # no pattern beside -LiteralPath: nothing is escaped
        return
    }
    if (-not (Test-Path -LiteralPath $path)) { $null = New-Item -Path $path -Force }
    $null = New-ItemProperty -LiteralPath $path -Name $Current['name'] -PropertyType $value['type'] -Value $value['data'] -Force
}
