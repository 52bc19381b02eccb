# Behind a pipeline a list of one is one thing, and ConvertFrom-Json of 5.1 hands a list on as one.
function Test-Json {
    param($Value, [string] $Text)
    $a = $Value | ConvertTo-Json -Depth 4 -Compress # expect: json
    $b = $Text | ConvertFrom-Json # expect: json
    $c = ConvertTo-Json -InputObject $Value -Depth 4 # expect: json
    return @($a, $b, (ConvertTo-Json -InputObject $Value -Depth 4 -Compress), $c)
}
