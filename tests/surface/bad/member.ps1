# .NET members that the in-box version lacks.
function Test-Member {
    param([string] $Text, [datetime] $When, [System.DateTimeOffset] $Offset, [regex] $Pattern)
    $a = [array]::Empty() # expect: member [ws2012r2, ws2012r2-wmf5.1]
    $b = [System.IO.FileMode]::Read # expect: member
    $c = [string]::Nonsense # expect: member
    $d = $Text.Contains('a', 'b') # expect: member
    $e = $Text.TrimAll() # expect: member
    $f = [datetime]::UtcNow.ToUniversalTime().AddFortnights(1) # expect: member
    $g = $Pattern.Whatever # expect: member
    $h = ([guid] '00000000-0000-0000-0000-000000000000').ToBytes() # expect: member
    $i = [datetime]::DaysInMonth(2026) # expect: member
    $j = (Get-Service -Name 'Spooler').PathName # expect: member
    foreach ($service in Get-Service) { $service.ProcessId } # expect: member
    $k = [System.DateTimeOffset]::FromUnixTimeSeconds(0) # expect: member [ws2012r2, ws2012r2-wmf5.1], language-mode
    $l = $Offset.ToUnixTimeSeconds() # expect: member [ws2012r2, ws2012r2-wmf5.1], language-mode
    $n = (Get-Service -Name 'Spooler').StartType # expect: member [ws2012r2, ws2012r2-wmf5.1]
    $o = (Get-Process -Id 4).Nonsense # expect: member
    try { $m = 1 } catch { $m = $_.Message } # expect: member
    return @($a, $b, $c, $d, $e, $f, $g, $h, $i, $j, $k, $l, $m, $n, $o, $When)
}
