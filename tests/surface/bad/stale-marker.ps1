# Markers that are no longer needed.
function Test-Stale {
    # surface: allow com - there is no COM here any more # expect: stale-marker
    Get-Date
    # surface: allow alias - the next line but one has it # expect: stale-marker

    gci -LiteralPath 'C:\' # expect: alias
}
