# Event logs, read by CIM.

function Find-RemediateContosoEventLog {
    # The event log with a name.
    param([hashtable] $Identity)
    foreach ($log in @(Get-CimInstance -ClassName Win32_NTEventlogFile -OperationTimeoutSec (Get-RemediateSecondsLeft))) {
        if ($log.LogfileName -eq $Identity['name']) { $log }
    }
}

function Read-RemediateContosoEventLog {
    # What can be set of it, as it is now.
    param($Current)
    return @{ max_size = [long] $Current.MaxFileSize }
}

function Get-RemediateContosoEventLog {
    # The answer to the question for one.
    param([string] $Name)
    foreach ($log in @(Find-RemediateContosoEventLog -Identity @{ name = $Name })) {
        $values = Read-RemediateContosoEventLog -Current $log
        [ordered]@{ name = $log.LogfileName; max_size = $values['max_size']; size = [long] $log.FileSize }
    }
}
