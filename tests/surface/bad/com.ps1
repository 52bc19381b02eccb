# COM.
function Test-Com {
    $service = New-Object -ComObject 'Schedule.Service' # expect: com
    $type = [type]::GetTypeFromProgID('Schedule.Service') # expect: com, language-mode
    return @($service, $type)
}
