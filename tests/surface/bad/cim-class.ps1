# CIM classes that do not exist.
function Test-Class {
    param([string] $Name)
    Get-CimInstance -ClassName Win32_Nonsense # expect: cim-class
    Get-CimInstance -ClassName MSFT_ScheduledTask # expect: cim-class
    Get-CimInstance -Namespace 'root\nonsense' -ClassName MSFT_Disk # expect: cim-class
    Get-CimInstance -Query 'SELECT * FROM Win32_Nonsense' # expect: cim-class
    Get-CimInstance -ClassName $Name # expect: cim-class
    Get-CimInstance -Namespace 'root\Microsoft\Windows\Defender' -ClassName MSFT_MpPreference # expect: cim-class [ws2012r2, ws2012r2-wmf5.1]
}
