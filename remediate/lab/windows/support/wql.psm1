# The WQL of -Filter that our code uses: comparisons of a property with a constant, joined by AND.
# As in WQL, text is compared without case, a backslash in a constant is doubled, and LIKE knows % and _.

Set-StrictMode -Version Latest

$script:Comparison = [regex]::new(
    '\G\s*(?<name>\w+)\s*(?<operator>=|<>|LIKE\b)\s*(?:''(?<text>(?:[^''\\]|\\.)*)''|"(?<text>(?:[^"\\]|\\.)*)"|(?<word>-?\d+|TRUE|FALSE))\s*(?<and>AND\b|\z)',
    'IgnoreCase, CultureInvariant')

function ConvertFrom-LabFilter {
    # A filter as comparisons. Anything else is not implemented.
    param([string] $Filter)
    $position = 0
    do {
        $match = $script:Comparison.Match($Filter, $position)
        if (-not $match.Success) { throw [System.NotImplementedException]::new("The stand-in does not understand this filter: $Filter") }
        $word = $match.Groups['word'].Value
        $text = [regex]::Replace($match.Groups['text'].Value, '\\(.)', '$1')
        @{
            Name     = $match.Groups['name'].Value
            Operator = $match.Groups['operator'].Value.ToUpperInvariant()
            Value    = if (-not $word) { $text } elseif ($word -in 'TRUE', 'FALSE') { $word -ieq 'TRUE' } else { [int64] $word }
        }
        $position = $match.Index + $match.Length
    } while ($match.Groups['and'].Length)
}

function Test-LabComparison {
    # Whether a value is what a comparison asks for. Nothing compares with a value that is not there.
    param($Value, [hashtable] $Comparison)
    if ($null -eq $Value) { return $false }
    $wanted = $Comparison['Value']
    if ($Comparison['Operator'] -eq 'LIKE') {
        if ($wanted -match '[\[\]]') { throw [System.NotImplementedException]::new('The stand-in knows no sets of characters in LIKE.') }
        $pattern = '\A' + [regex]::Escape($wanted).Replace('%', '.*').Replace('_', '.') + '\z'
        return [regex]::IsMatch([string] $Value, $pattern, 'IgnoreCase, CultureInvariant, Singleline')
    }
    return ($Value -ieq $wanted) -eq ($Comparison['Operator'] -eq '=')
}

function Select-LabRow {
    # The rows, as ordered dictionaries, that a filter lets through. The pipeline may carry error records, too.
    param([string] $Filter, [string[]] $Known)
    begin {
        $all = @(if ($Filter) { ConvertFrom-LabFilter -Filter $Filter })
        foreach ($one in $all) {
            if ($one['Name'] -notin $Known) { throw [System.NotImplementedException]::new("The stand-in for this class has no $($one['Name']).") }
        }
    }
    process {
        $row = $_
        if ($row -is [System.Collections.IDictionary]) {
            foreach ($one in $all) {
                if (-not (Test-LabComparison -Value $row[$one['Name']] -Comparison $one)) { return }
            }
        }
        $row
    }
}

Export-ModuleMember -Function 'Select-LabRow'
