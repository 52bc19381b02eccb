# .NET types that are not there or not loaded.
function Test-Type {
    param([CimSession] $Session) # expect: type [ws2012r2]
    $a = [System.Nonsense.Thing] # expect: type
    $b = $Session -is [System.ServiceProcess.ServiceController] # expect: type
    $c = New-Object -TypeName System.Windows.Forms.Form # expect: type
    try { Get-Date } catch [System.Nonsense.ThingException] { throw } # expect: type
    $d = New-Object -TypeName 'System.Collections.Generic.List[Nonsense]' # expect: type, language-mode
    # 𐐷𐐷 한국어: what stands behind characters of two units is still read as it is written
    $e = 10
    return @($a, $b, $c, $d, $e)
}
