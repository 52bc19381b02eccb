# Windows PowerShell cannot write a file while somebody reads it, nor rename what somebody has open.
function Write-Sample {
    param([string] $Path)
    Set-Content -LiteralPath $Path -Value 'a' -Encoding Ascii # expect: save
    'a' | Out-File -LiteralPath $Path # expect: save
    Rename-Item -LiteralPath $Path -NewName 'a' # expect: save
}
function Save-RemediateFile {
    param([string] $Path)
    Set-Content -LiteralPath $Path -Value 'a'
}
