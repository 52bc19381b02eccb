# The time zone, by its id: names of time zones are in the language of the host. Needs registry_value.read.ps1.

function Find-RemediateTimeZone {
    # What the host has of its zone.
    param([hashtable] $Identity)
    $key = 'HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\TimeZoneInformation'
    return @{
        name = $Identity['name']
        id   = Get-RemediateRegistryData -Key $key -Name 'TimeZoneKeyName'
        off  = Get-RemediateRegistryData -Key $key -Name 'DynamicDaylightTimeDisabled'
    }
}

function Read-RemediateTimeZone {
    # What can be set of it, as it is now. Windows may leave something behind the end of an id.
    param($Current)
    $id = ''
    if ($null -ne $Current['id']) { $id = ([string] $Current['id']['data']).Split([char] 0)[0] }
    if ($id -eq '') { return @{ id = $null } }
    if ($null -ne $Current['off'] -and $Current['off']['data'] -ne 0) {
        # the month in which standard time begins is at byte 14; 0 where there is no other, so that none is kept off
        $rules = Get-RemediateRegistryData -Key "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Time Zones\$id" -Name 'TZI'
        if ($null -ne $rules -and @($rules['data']).Count -gt 14 -and @($rules['data'])[14] -ne 0) { $id += '_dstoff' }
    }
    return @{ id = $id }
}

function Get-RemediateTimeZone {
    # The one that the host is in.
    $current = Find-RemediateTimeZone -Identity @{ name = 'Windows' }
    [ordered]@{ name = $current['name']; id = (Read-RemediateTimeZone -Current $current)['id'] }
}
