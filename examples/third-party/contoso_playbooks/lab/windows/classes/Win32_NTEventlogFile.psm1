# Win32_NTEventlogFile: what of it is needed.

function Get-LabClass {
    return @{ Namespace = 'root/cimv2'; Property = 'LogfileName', 'MaxFileSize', 'FileSize' }
}

function Get-LabRow {
    param([System.Collections.IDictionary] $State)
    foreach ($log in $State['logs']) {
        [ordered]@{ LogfileName = $log['name']; MaxFileSize = [uint32] $log['max_size']; FileSize = [uint64] 69632 }
    }
}

function Set-LabRow {
    param([System.Collections.IDictionary] $State, [System.Collections.IDictionary] $Row, [System.Collections.IDictionary] $Values)
    foreach ($log in $State['logs']) {
        if ($log['name'] -eq $Row['LogfileName']) { $log['max_size'] = [long] $Values['MaxFileSize'] }
    }
}

Export-ModuleMember -Function 'Get-LabClass', 'Get-LabRow', 'Set-LabRow'
