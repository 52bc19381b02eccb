# What Constrained Language Mode refuses.
function Test-Mode {
    param($Unknown, [hashtable] $Table, [System.IO.FileInfo] $File)
    . 'C:\a.ps1' # expect: language-mode
    [System.IO.File]::Exists('C:\a') # expect: language-mode
    $Unknown.Close() # expect: language-mode
    $File.Delete() # expect: language-mode
    $Unknown.Name = 'a' # expect: language-mode
    [System.Net.ServicePointManager]::SecurityProtocol = 'Tls12' # expect: language-mode
    $list = New-Object -TypeName System.Collections.ArrayList # expect: language-mode
    $object = [pscustomobject] @{ a = 1 } # expect: language-mode
    $when = [System.DateTimeOffset] '2026-01-01' # expect: language-mode
    $ordered = [ordered] @{ a = 1 }
    $ordered.Contains('a') # expect: language-mode [ws2012r2, ws2012r2-wmf5.1, ws2016, ws2019, ws2022, ws2025]
    [System.Management.Automation.WildcardPattern]::Escape('a') # expect: language-mode [ws2012r2]
    $PSBoundParameters.ContainsKey('a') # expect: language-mode
    $task = Get-ScheduledTask -CimSession $Session -TaskName 'a'
    $task.Settings.CimInstanceProperties['MultipleInstances'].Value = 3 # expect: language-mode
    return @($list, $object, $when, $Table.ContainsKey('a'))
}
