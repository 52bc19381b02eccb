# Where the preference is Stop, Windows PowerShell makes of a line on the error stream an error that ends the call.
function Test-Stream {
    vssadmin.exe list writers 2>&1 # expect: native-error
    & "$env:SystemRoot\System32\tzutil.exe" /g # expect: native-error
}
function Test-Heard {
    $ErrorActionPreference = 'Continue'
    tzutil.exe /g
}
function Invoke-RemediateProgram {
    param([string] $Name, [scriptblock] $Program)
    return @($Name, $Program)
}
function Test-Given { Invoke-RemediateProgram -Name 'tzutil' -Program { tzutil.exe /g } }
