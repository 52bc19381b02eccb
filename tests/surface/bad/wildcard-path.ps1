# Values that would be read as patterns.
function Test-Path2 {
    param([string] $Path)
    Get-Item -Path $Path # expect: wildcard-path
    Test-Path -Path "C:\$Path" # expect: wildcard-path
    Get-ItemProperty -Path 'HKLM:\SOFTWARE\*' # expect: wildcard-path
    Remove-Item -Path $Path -Recurse # expect: wildcard-path
    Get-ItemProperty -Path 'HKLM:\SOFTWARE'
    Split-Path -Path $Path -Leaf
}
