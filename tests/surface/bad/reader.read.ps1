# A reader is sent with each audit, and an audit writes nothing.

function Get-Sample {
    param([string] $Path)
    $session = New-CimSession -OperationTimeoutSec 20 -SkipTestConnection
    Remove-CimSession -CimSession $session
    Set-Content -LiteralPath $Path -Value 'seen' -Encoding UTF8 # expect: reader, save
    Get-Item -LiteralPath $Path > $Path # expect: reader
    vssadmin.exe list shadows # expect: reader, native-error
    Restart-Service -Name 'MSiSCSI' # expect: reader
    # surface: allow reader - removed when it is over
    Remove-Item -LiteralPath $Path
}
