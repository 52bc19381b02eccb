# Arguments without the name of their parameter.
function Test-Positional {
    Get-Service 'Spooler' # expect: positional
    @(1) | Where-Object { $_ } # expect: positional
    @(1) | ForEach-Object { $_ } # expect: positional
    Write-Output -InputObject 1 2 # expect: positional
    Get-ChildItem -LiteralPath 'C:\' -Recurse $true # expect: positional
    Test-Own 'a' # expect: positional
}

function Test-Own {
    param([string] $Real)
    return $Real
}
