# Parameters that do not exist, or not everywhere.
function Test-Parameter {
    param([string] $Name)
    Get-Service -Name $Name -Nonsense # expect: parameter
    Get-ChildItem -LiteralPath 'C:\Windows' -Depth 1 # expect: parameter [ws2012r2]
    Set-Content -LiteralPath 'C:\a' -Value 'a' -NoNewline # expect: parameter [ws2012r2], save
    Get-Date -InformationAction SilentlyContinue # expect: parameter [ws2012r2]
    Get-Service -ComputerName 'a' # expect: parameter [pwsh7]
    ConvertFrom-Json -InputObject '{}' -AsHashtable # expect: parameter
    1, 2 | ForEach-Object -Parallel { $_ } # expect: parameter
    Test-Own -Nonsense 1 # expect: parameter
    $splat = @{
        Name = $Name
        Nope = 1 # expect: parameter
    }
    Get-Service @splat
}

function Test-Own {
    param([string] $Real)
    return $Real
}
