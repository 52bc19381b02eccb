# Compare-and-set, for all kinds: a write is only made of what is as it was seen. Sent with what writes.

function Format-RemediateValue {
    # A value as one text: that of the same value is the same, whatever types JSON and Windows have for it. Of a table the
    # fields that Like has, as there may be more on record; tables in a list have no order.
    param($Value, $Like)
    if ($null -eq $Value) { return '-' }
    if ($Value -is [System.Collections.IDictionary]) {
        $names = @($Value.Keys)
        if ($Like -is [System.Collections.IDictionary]) { $names = @($Like.Keys) }
        $fields = @(foreach ($name in @($names | Sort-Object -CaseSensitive)) {
                $part = $null
                if ($Like -is [System.Collections.IDictionary]) { $part = $Like[$name] }
                [string] $name + '=' + (Format-RemediateValue -Value $Value[$name] -Like $part)
            })
        return '{' + ($fields -join ',') + '}'
    }
    if ($Value -is [array]) {
        $first = $null
        if ($Like -is [array] -and $Like.Length -gt 0) { $first = $Like[0] }
        $items = @(foreach ($item in $Value) { Format-RemediateValue -Value $item -Like $first })
        if ($Value.Length -gt 0 -and $Value[0] -is [System.Collections.IDictionary]) { $items = @($items | Sort-Object -CaseSensitive) }
        return '[' + ($items -join ',') + ']'
    }
    $text = [string] $Value
    return '' + $text.Length + ':' + $text
}

function Find-RemediateUnmoved {
    # The one live thing that a write is about, if each value before is still what is read of it.
    param([string] $Noun, [hashtable] $Identity, [hashtable] $Before)
    # surface: allow dynamic-command - the noun is that of a function of ours
    $found = @(& "Find-Remediate$Noun" -Identity $Identity)
    if ($found.Count -eq 0) { Stop-RemediateCall -ErrorId 'RemediateMissing' -Message 'It is no longer there.' }
    if ($found.Count -gt 1) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "There are $($found.Count) of it: which one is meant cannot be told." }
    # surface: allow dynamic-command - as above
    $values = & "Read-Remediate$Noun" -Current $found[0]
    foreach ($property in $Before.Keys) {
        # what is not read is not compared, and must not be written
        if (@($values.Keys) -notcontains $property) { Stop-RemediateCall -ErrorId 'RemediateRefused' -Message "Read-Remediate$Noun does not say its $property." }
        $now = $values[$property]
        # by characters: on Windows -ceq overlooks some
        if (-not [string]::Equals((Format-RemediateValue -Value $now -Like $now), (Format-RemediateValue -Value $Before[$property] -Like $now), 'Ordinal')) {
            Stop-RemediateCall -ErrorId 'RemediateStale' -Message "Its $property is no longer what it was." -Detail @{ property = $property; current = $now }
        }
    }
    return $found[0]
}

function Invoke-RemediateWrite {
    # Hands what is unmoved to the Set of its kind, with as much else as that wants.
    param($Function, [hashtable] $Arguments)
    $noun = $Function.Name -replace '^Set-Remediate', ''
    $current = Find-RemediateUnmoved -Noun $noun -Identity $Arguments['identity'] -Before $Arguments['before']
    $all = @{ Current = $current; Identity = $Arguments['identity']; Before = $Arguments['before']; After = $Arguments['after'] }
    if ($Arguments.ContainsKey('secrets')) { $all['Secrets'] = $Arguments['secrets'] }
    $wanted = @{}
    foreach ($name in @($Function.Parameters.Keys)) {
        if ($all.ContainsKey($name)) { $wanted[$name] = $all[$name] }
    }
    # surface: allow dynamic-command - the envelope has made sure that it is ours
    & $Function @wanted
}
