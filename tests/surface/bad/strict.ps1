# Of an empty list strict mode gives no property, not even one that each of its items would have.
function Test-Strict {
    param($Value)
    if ($Value.PSObject.Properties.Name -contains 'a') { return $Value.a } # expect: strict
    return @($Value.PSObject.Properties | ForEach-Object -Process { $_.Name })
}
