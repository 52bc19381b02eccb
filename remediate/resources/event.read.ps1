# Entries of event logs. Get-WinEvent takes no limit of time, but a number of events, and asks the log for no others.

function Get-RemediateEvent {
    # The newest events that match; none where there are none, or no such log. The texts are the controller's, which has
    # checked that they need no escaping.
    param([string] $Log, [string] $Provider, [object[]] $Ids, [object[]] $Data, [int] $Days, [int] $Most)
    $wanted = "System[Provider[@Name='$Provider'] and (" + (@(foreach ($id in $Ids) { "EventID=$id" }) -join ' or ') + ')' +
    " and TimeCreated[timediff(@SystemTime) &lt;= $([int64] 86400000 * $Days)]]"
    $texts = @(foreach ($text in $Data) { "Data='$text'" }) -join ' or '
    if ($texts) { $wanted = $wanted + " and EventData[$texts]" }
    $query = [xml] "<QueryList><Query Id='0' Path='$Log'><Select Path='$Log'>*[$wanted]</Select></Query></QueryList>"
    try { $found = @(Get-WinEvent -FilterXml $query -MaxEvents $Most -ErrorAction Stop) }
    catch {
        if ($_.FullyQualifiedErrorId -match '^(NoMatchingEventsFound|System\.Diagnostics\.Eventing\.Reader\.EventLogNotFoundException),') { return }
        throw
    }
    foreach ($entry in $found) {
        Assert-RemediateTime
        [ordered]@{
            log      = $Log
            record   = [int64] $entry.RecordId
            id       = [int] $entry.Id
            provider = [string] $entry.ProviderName
            level    = [int] $entry.Level
            at       = ([datetime] $entry.TimeCreated).ToUniversalTime().ToString('s') + 'Z'
            data     = @(foreach ($property in @($entry.Properties | Select-Object -First 20)) {
                    $text = [string] $property.Value
                    if ($text.Length -gt 300) { ([string] $property.Value).Substring(0, 300) }
                    else { $text }
                })
        }
    }
}
