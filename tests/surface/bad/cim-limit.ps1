# A CIM command without a limit waits for a provider that hangs.

function Get-Sample {
    $service = Get-CimInstance -ClassName Win32_Service -Filter "Name = 'a'" # expect: cim-limit
    Invoke-CimMethod -InputObject $service -MethodName StopService # expect: cim-limit
    New-CimSession -SkipTestConnection # expect: cim-limit
    Get-CimInstance -ClassName Win32_Process -OperationTimeoutSec 9
}
