# Event logs, read by CIM.

function Get-RemediateContosoEventLog {
    # The event log with a name.
    param([string] $Name)
    foreach ($log in @(Get-CimInstance -ClassName Win32_NTEventlogFile -OperationTimeoutSec (Get-RemediateSecondsLeft))) {
        if ($log.LogfileName -ne $Name) { continue }
        [ordered]@{ name = $log.LogfileName; max_size = [long] $log.MaxFileSize; size = [long] $log.FileSize }
    }
}
