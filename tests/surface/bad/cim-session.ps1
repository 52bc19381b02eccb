# A command of a CDXML module has no limit of its own, only that of its session.

function Get-Sample {
    param($Session)
    Get-ScheduledTask -TaskPath '\' # expect: cim-session
    Get-Volume -DriveLetter 'C' # expect: cim-session
    $given = @{ TaskName = 'a'; CimSession = $Session }
    Export-ScheduledTask @given
}
