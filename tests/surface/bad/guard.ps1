# A marker is not enough for a command that is missing somewhere.
function Test-Guard {
    # surface: allow command - it is there where it matters
    Get-TimeZone # expect: guard
    if (Get-Command -Name Get-MpPreference -ErrorAction SilentlyContinue) {
        # surface: allow command - the guard is for another command
        Get-TimeZone # expect: guard
    }
    else {
        # surface: allow command - the guard says that it is not there
        Get-MpPreference -CimSession $Session # expect: guard
    }
    if (Get-Command -Name Get-TimeZone) {
        # surface: allow command - this guard throws where the command is missing
        Get-TimeZone # expect: guard
    }
}
