# Windows PowerShell cannot write a file while somebody reads it.
function Write-Sample {
    param([string] $Path)
    Set-Content -LiteralPath $Path -Value 'a' -Encoding Ascii # expect: save
    'a' | Out-File -LiteralPath $Path # expect: save
}
function Save-RemediateFile {
    param([string] $Path)
    Set-Content -LiteralPath $Path -Value 'a'
}
