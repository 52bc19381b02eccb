# CIM classes that do not exist.
function Test-Class {
    param([string] $Name)
    Get-CimInstance -OperationTimeoutSec 9 -ClassName Win32_Nonsense # expect: cim-class
    Get-CimInstance -OperationTimeoutSec 9 -ClassName MSFT_ScheduledTask # expect: cim-class
    Get-CimInstance -OperationTimeoutSec 9 -Namespace 'root\nonsense' -ClassName MSFT_Disk # expect: cim-class
    Get-CimInstance -OperationTimeoutSec 9 -Query 'SELECT * FROM Win32_Nonsense' # expect: cim-class
    Get-CimInstance -OperationTimeoutSec 9 -ClassName $Name # expect: cim-class
    Get-CimInstance -OperationTimeoutSec 9 -Namespace 'root\Microsoft\Windows\Defender' -ClassName MSFT_MpPreference # expect: cim-class [ws2012r2, ws2012r2-wmf5.1]
}
