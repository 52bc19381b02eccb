# Commands that some Windows lacks, or all.
function Test-Missing {
    Get-Nonsense # expect: command
    Get-TimeZone # expect: command [ws2012r2]
    Get-MpPreference -CimSession $Session # expect: command [ws2012r2, ws2012r2-wmf5.1]
    Get-OBPolicy # expect: command
    Get-WmiObject -Class Win32_Service # expect: command [pwsh7]
    Get-WUIsPendingReboot -CimSession $Session # expect: command [ws2012r2, ws2012r2-wmf5.1, ws2016], command [ws2022, ws2025, pwsh7]
    Test-Json -Json '{}' # expect: command
}
