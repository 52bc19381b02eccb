# Markers that allow nothing, because they are not written as markers are.
function Test-Marker {
    # surface: allow com # expect: marker
    Get-Date
    # surface: allow nonsense - there is no such rule # expect: marker
    Get-Date
    Get-Date # surface: please # expect: marker
}
