# Minifilter drivers, by what the registry says of their instances: fltmc writes text, which Windows translates.
# Needs registry_value.read.ps1.

function Get-RemediateAltitude {
    # The altitudes of a driver's instances; none when it is no minifilter. Since Windows Server 2025 they may stand below Parameters.
    param([string] $Name)
    $service = 'Registry::HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\' + $Name
    foreach ($key in ($service + '\Instances'), ($service + '\Parameters\Instances')) {
        if (-not (Test-Path -LiteralPath $key)) { continue }
        foreach ($instance in @(Get-ChildItem -LiteralPath $key | Limit-RemediateList -Name 'instances of a driver' -Most 100)) {
            $altitude = Get-RemediateRegistryData -Key $instance.Name -Name 'Altitude'
            if ($null -ne $altitude) { Limit-RemediateText -Text ([string] $altitude['data']) -Name 'An altitude' -Most 100 }
        }
    }
}

function Get-RemediateFilterDriver {
    # Each driver that has altitudes.
    foreach ($driver in @(Get-CimInstance -ClassName Win32_SystemDriver -Property Name, State, StartMode -OperationTimeoutSec (Get-RemediateSecondsLeft) | Limit-RemediateList -Name 'drivers')) {
        Assert-RemediateTime
        $altitudes = @(Get-RemediateAltitude -Name $driver.Name)
        if ($altitudes.Count -eq 0) { continue }
        [ordered]@{
            name       = [string] $driver.Name
            running    = $driver.State -eq 'Running'
            start_mode = [string] $driver.StartMode
            altitudes  = $altitudes
        }
    }
}
