# Aliases.
function Test-Alias {
    gci -LiteralPath 'C:\' # expect: alias
    @(1) | % { $_ } # expect: alias
    @(1) | ? { $_ } # expect: alias
    Write-Output -InputObject "there are $((gci -LiteralPath 'C:\').Count)" # expect: alias
    Add-WindowsFeature # expect: alias
}
