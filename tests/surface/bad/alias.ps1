# Aliases.
function Test-Alias {
    gci -LiteralPath 'C:\' # expect: alias
    @(1) | % { $_ } # expect: alias
    @(1) | ? { $_ } # expect: alias
    Add-WindowsFeature # expect: alias
}
