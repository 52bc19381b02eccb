# CIM methods and arguments that do not exist.
function Test-Method {
    param([string] $Name)
    $service = Get-CimInstance -ClassName Win32_Service
    Invoke-CimMethod -InputObject $service -MethodName Restart # expect: cim-method
    Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ Command = 'a' } # expect: cim-method
    $service | Invoke-CimMethod -MethodName ChangeStartMode -Arguments @{ Mode = 'Manual' } # expect: cim-method
    Invoke-CimMethod -InputObject $service -MethodName $Name # expect: cim-method
}
