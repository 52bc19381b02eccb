# CIM properties that do not exist.
function Test-Property {
    param([string] $Name)
    $service = Get-CimInstance -OperationTimeoutSec 9 -ClassName Win32_Service -Property 'Name', 'Nonsense' # expect: cim-property
    Get-CimInstance -OperationTimeoutSec 9 -ClassName Win32_Service -Filter "Nonsense = '$Name' AND Name = 'Other = 1'" # expect: cim-property
    Get-CimInstance -OperationTimeoutSec 9 -Query 'SELECT Name, Nonsense FROM Win32_Service' # expect: cim-property
    $service.Nonsense # expect: cim-property
    $service.DelayedAutoStart # expect: cim-property [ws2012r2, ws2012r2-wmf5.1]
    $service | Where-Object -FilterScript { $_.Startup -eq 'Auto' } # expect: cim-property
    $service | Sort-Object -Property Nonsense # expect: cim-property
    foreach ($one in @($service)) { $one.Nonsense } # expect: cim-property
    $task = Find-Task | Where-Object -FilterScript { $_.TaskName -eq $Name }
    $task.Settings.MultipleInstance # expect: cim-property
    $task.Settings.CimInstanceProperties['Instances'].Value # expect: cim-property
    $task.Actions[0].Executable # expect: cim-property
    (Get-ScheduledTaskInfo -CimSession $Session -TaskName $Name).LastResult # expect: cim-property
}

function Find-Task {
    return @(Get-ScheduledTask -CimSession $Session -TaskPath '\')
}
