# Arguments that the parameter does not take.
function Test-Value {
    Get-Date -ErrorAction Never # expect: value
    Set-Service -Name 'Spooler' -StartupType AutomaticDelayedStart # expect: value
    New-ScheduledTaskSettingsSet -CimSession $Session -MultipleInstances StopExisting # expect: value
    Write-Error -Message 'a' -Category Broken # expect: value
    Start-Sleep -Milliseconds 'many' # expect: value
    Get-Content -LiteralPath 'C:\a' -Encoding Byte # expect: value [pwsh7]
    Test-Own -Kind Blue # expect: value
}

function Test-Own {
    param([ValidateSet('Red', 'Green')] [string] $Kind)
    return $Kind
}
