# CIM methods and arguments that do not exist.
function Test-Method {
    param([string] $Name)
    $service = Get-CimInstance -OperationTimeoutSec 9 -ClassName Win32_Service
    Invoke-CimMethod -OperationTimeoutSec 9 -InputObject $service -MethodName Restart # expect: cim-method
    Invoke-CimMethod -OperationTimeoutSec 9 -ClassName Win32_Process -MethodName Create -Arguments @{ Command = 'a' } # expect: cim-method
    $service | Invoke-CimMethod -OperationTimeoutSec 9 -MethodName ChangeStartMode -Arguments @{ Mode = 'Manual' } # expect: cim-method
    Invoke-CimMethod -OperationTimeoutSec 9 -InputObject $service -MethodName $Name # expect: cim-method
}
