# Language that PowerShell 4.0 does not have.
using namespace System.IO # expect: syntax
class Task { [string] $Name } # expect: syntax
enum Policy { Parallel; Queue } # expect: syntax

function Test-New {
    param([hashtable] $Table, $Value)
    $guid = [guid]::new('00000000-0000-0000-0000-000000000000') # expect: syntax
    $a = $Value ? 1 : 2 # expect: syntax
    $b = $Value ?? 'none' # expect: syntax
    $Value ??= 'none' # expect: syntax
    $c = ${Value}?.Length # expect: syntax
    $d = ${Value}?[0] # expect: syntax
    Get-Date && Get-Date # expect: syntax
    Get-Date & # expect: syntax
    $e = "`u{2026}" # expect: syntax
    $f = "`e[0m" # expect: syntax
    $g = 10u # expect: syntax
    $h = 0b101 # expect: syntax
    if ($IsWindows) { return $PSEdition } # expect: syntax
    Get-Date 6> $null # expect: syntax
    Get-Date
    | Out-Null # expect: syntax
    Get-Date |
    Out-Null
    return @($guid, $a, $b, $c, $d, $e, $f, $g, $h)
}

function Test-Clean {
    param()
    end { Get-Date }
    clean { Get-Date } # expect: syntax
}
