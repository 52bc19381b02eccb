# In Turkish an i that becomes a capital keeps its dot, and a soft hyphen is nothing in every language.
function Test-Culture {
    param([string] $Text)
    $a = $Text.ToUpper() # expect: culture
    $b = $Text.StartsWith('FILE') # expect: culture
    $c = $Text.StartsWith('FILE', 'Ordinal') -or $Text.EndsWith('.ini', [System.StringComparison]::OrdinalIgnoreCase)
    $d = $Text.ToLowerInvariant().IndexOf('i') # expect: culture
    return @($a, $b, $c, $d)
}
