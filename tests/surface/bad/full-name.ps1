# Parameters by alias or beginning.
function Test-Short {
    Get-Date -ea Stop # expect: full-name
    Get-ChildItem -LiteralPath 'C:\' -Rec # expect: full-name
    Invoke-CimMethod -OperationTimeoutSec 9 -ClassName Win32_Process -Name Create # expect: full-name
}
