# Fifty tries are 25 seconds only while each one is quick.

function Wait-Sample {
    param([string] $Path)
    for ($try = 0; $try -lt 50; $try++) { # expect: clock
        if (Test-Path -LiteralPath $Path) { return }
        Start-Sleep -Milliseconds 500
    }
    do { Start-Sleep -Seconds 1 } until (Test-Path -LiteralPath $Path) # expect: clock
    foreach ($pause in 1, 2, 4) { Start-Sleep -Seconds $pause } # expect: clock
    $end = (Get-Date).AddSeconds(25)
    while ((Get-Date) -lt $end) { Start-Sleep -Milliseconds 500 }
}
