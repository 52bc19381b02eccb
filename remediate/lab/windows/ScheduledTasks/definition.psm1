# A task's XML as CIM objects, and the settings of such objects back in the XML.
# Defaults of absent elements: the pages of the Task Scheduler schema. Order, indentation and that an absent
# element stays absent while it has its default: inferred.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')

$script:Namespace = 'Root/Microsoft/Windows/TaskScheduler'
$script:Enums = 'Microsoft.PowerShell.Cmdletization.GeneratedTypes.ScheduledTask'

Register-LabEnum -Name "$script:Enums.MultipleInstancesEnum" -Values ([ordered]@{ Parallel = 0; Queue = 1; IgnoreNew = 2 })
Register-LabEnum -Name "$script:Enums.CompatibilityEnum" -Values ([ordered]@{ At = 0; V1 = 1; Vista = 2; Win7 = 3; Win8 = 4 })
Register-LabEnum -Name "$script:Enums.StateEnum" -Values ([ordered]@{ Unknown = 0; Disabled = 1; Queued = 2; Ready = 3; Running = 4 })
Register-LabEnum -Name "$script:Enums.RunLevelEnum" -Values ([ordered]@{ Limited = 0; Highest = 1 })
Register-LabEnum -Name "$script:Enums.ProcessTokenSidTypeEnum" -Values ([ordered]@{ None = 0; Unrestricted = 1; Default = 2 })
Register-LabEnum -Name "$script:Enums.LogonTypeEnum" -Values ([ordered]@{
        None = 0; Password = 1; S4U = 2; Interactive = 3; Group = 4; ServiceAccount = 5; InteractiveOrPassword = 6 })

# property of MSFT_TaskSettings3 = XML element, type, default
$script:Settings = [ordered]@{
    AllowDemandStart                = @('AllowStartOnDemand', 'bool', $true)
    AllowHardTerminate              = @('AllowHardTerminate', 'bool', $true)
    Compatibility                   = @('', 'uint32', [uint32] 2)
    DeleteExpiredTaskAfter          = @('DeleteExpiredTaskAfter', 'string', $null)
    DisallowStartIfOnBatteries      = @('DisallowStartIfOnBatteries', 'bool', $true)
    Enabled                         = @('Enabled', 'bool', $true)
    ExecutionTimeLimit              = @('ExecutionTimeLimit', 'string', 'PT72H')
    Hidden                          = @('Hidden', 'bool', $false)
    IdleSettings                    = @('', 'instance', $null)
    MultipleInstances               = @('MultipleInstancesPolicy', 'policy', [uint32] 2)
    NetworkSettings                 = @('', 'instance', $null)
    Priority                        = @('Priority', 'uint32', [uint32] 7)
    RestartCount                    = @('', 'uint32', [uint32] 0)
    RestartInterval                 = @('', 'string', $null)
    RunOnlyIfIdle                   = @('RunOnlyIfIdle', 'bool', $false)
    RunOnlyIfNetworkAvailable       = @('RunOnlyIfNetworkAvailable', 'bool', $false)
    StartWhenAvailable              = @('StartWhenAvailable', 'bool', $false)
    StopIfGoingOnBatteries          = @('StopIfGoingOnBatteries', 'bool', $true)
    WakeToRun                       = @('WakeToRun', 'bool', $false)
    DisallowStartOnRemoteAppSession = @('DisallowStartOnRemoteAppSession', 'bool', $false)
    UseUnifiedSchedulingEngine      = @('UseUnifiedSchedulingEngine', 'bool', $false)
    MaintenanceSettings             = @('', 'instance', $null)
    Volatile                        = @('Volatile', 'bool', $false)
}
$script:Policies = @('Parallel', 'Queue', 'IgnoreNew', 'StopExisting')
$script:Logons = @{ '' = 0; Password = 1; S4U = 2; InteractiveToken = 3; InteractiveTokenOrPassword = 6 }
$script:ServiceAccounts = @('S-1-5-18', 'S-1-5-19', 'S-1-5-20', 'SYSTEM', 'LOCAL SERVICE', 'LocalService', 'NETWORK SERVICE', 'NetworkService')
$script:Versions = @{ '1.1' = 1; '1.2' = 2; '1.3' = 3; '1.4' = 4; '1.5' = 5; '1.6' = 6 }
$script:Days = @('Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday')

$script:Registration = @('Author', 'Date', 'Description', 'Documentation', 'SecurityDescriptor', 'Source', 'URI', 'Version')
$script:Trigger = @('Enabled', 'EndBoundary', 'ExecutionTimeLimit', 'Id', 'Repetition', 'StartBoundary')
Register-LabClass -Class 'MSFT_ScheduledTask' -Enum @{ State = "$script:Enums.StateEnum" } -Display 'TaskPath', 'TaskName', 'State' `
    -Property ($script:Registration + @('Actions', 'Principal', 'Settings', 'State', 'TaskName', 'TaskPath', 'Triggers'))
Register-LabClass -Class 'MSFT_TaskSettings3' -Property @($script:Settings.Keys) `
    -Enum @{ MultipleInstances = "$script:Enums.MultipleInstancesEnum"; Compatibility = "$script:Enums.CompatibilityEnum" }
Register-LabClass -Class 'MSFT_TaskPrincipal2' -Property 'DisplayName', 'GroupId', 'Id', 'LogonType', 'RunLevel', 'UserId', 'ProcessTokenSidType', 'RequiredPrivilege' `
    -Enum @{ LogonType = "$script:Enums.LogonTypeEnum"; RunLevel = "$script:Enums.RunLevelEnum"; ProcessTokenSidType = "$script:Enums.ProcessTokenSidTypeEnum" }
Register-LabClass -Class 'MSFT_TaskIdleSettings' -Property 'IdleDuration', 'RestartOnIdle', 'StopOnIdleEnd', 'WaitTimeout'
Register-LabClass -Class 'MSFT_TaskNetworkSettings' -Property 'Id', 'Name'
Register-LabClass -Class 'MSFT_TaskMaintenanceSettings' -Property 'Deadline', 'Exclusive', 'Period'
Register-LabClass -Class 'MSFT_TaskRepetitionPattern' -Property 'Duration', 'Interval', 'StopAtDurationEnd'
Register-LabClass -Class 'MSFT_TaskAction' -Property 'Id'
Register-LabClass -Class 'MSFT_TaskExecAction' -Property 'Id', 'Arguments', 'Execute', 'WorkingDirectory'
Register-LabClass -Class 'MSFT_TaskTrigger' -Property $script:Trigger
Register-LabClass -Class 'MSFT_TaskTimeTrigger' -Property ($script:Trigger + 'RandomDelay')
Register-LabClass -Class 'MSFT_TaskDailyTrigger' -Property ($script:Trigger + 'DaysInterval', 'RandomDelay')
Register-LabClass -Class 'MSFT_TaskWeeklyTrigger' -Property ($script:Trigger + 'DaysOfWeek', 'RandomDelay', 'WeeksInterval')
Register-LabClass -Class 'MSFT_TaskBootTrigger' -Property ($script:Trigger + 'Delay')
Register-LabClass -Class 'MSFT_TaskLogonTrigger' -Property ($script:Trigger + 'Delay', 'UserId')

# Triggers with classes of their own whose properties are texts here.
$script:OwnTriggers = @{
    EventTrigger              = @('Delay', 'Subscription')
    IdleTrigger               = @()
    RegistrationTrigger       = @('Delay')
    SessionStateChangeTrigger = @('Delay', 'StateChange', 'UserId')
}
foreach ($own in $script:OwnTriggers.GetEnumerator()) { Register-LabClass -Class ('MSFT_Task' + $own.Key) -Property ($script:Trigger + $own.Value) }

function Get-ChildTable {
    # The texts of an element's children by name; those with children of their own as elements.
    # LINQ's elements, because PowerShell looks for properties of XmlElement among its children first.
    param($Element)
    $table = @{}
    if ($Element -isnot [System.Xml.Linq.XElement]) { return $table }
    foreach ($child in $Element.Elements()) {
        $table[$child.Name.LocalName] = if ($child.HasElements) { $child } else { $child.Value }
    }
    return $table
}

function Get-Attribute {
    # The text of an attribute, or nothing.
    param([System.Xml.Linq.XElement] $Element, [string] $Name)
    $attribute = $Element.Attribute($Name)
    if ($null -ne $attribute) { return $attribute.Value }
}

function ConvertTo-LabSettings {
    # The Settings element as MSFT_TaskSettings3.
    param($Root, [hashtable] $Children)
    $values = [ordered]@{}
    foreach ($entry in $script:Settings.GetEnumerator()) {
        $element, $type, $values[$entry.Key] = $entry.Value
        if (-not $Children.ContainsKey($element)) { continue }
        $text = $Children[$element]
        $values[$entry.Key] = switch ($type) {
            'bool' { [System.Xml.XmlConvert]::ToBoolean($text) }
            'uint32' { [uint32] $text }
            'policy' { [uint32] $script:Policies.IndexOf($text) }
            default { $text }
        }
    }
    $version = Get-Attribute -Element $Root -Name 'version'
    if ($version -and $script:Versions.ContainsKey($version)) { $values['Compatibility'] = [uint32] $script:Versions[$version] }
    $restart = Get-ChildTable -Element $Children['RestartOnFailure']
    if ($restart.ContainsKey('Count')) { $values['RestartCount'] = [uint32] $restart['Count'] }
    $values['RestartInterval'] = $restart['Interval']
    $idle = Get-ChildTable -Element $Children['IdleSettings']
    $values['IdleSettings'] = New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskIdleSettings' -Values ([ordered]@{
            IdleDuration  = $(if ($idle.ContainsKey('Duration')) { $idle['Duration'] } else { 'PT10M' })
            RestartOnIdle = $idle['RestartOnIdle'] -in 'true', '1'
            StopOnIdleEnd = $idle['StopOnIdleEnd'] -notin 'false', '0'
            WaitTimeout   = $(if ($idle.ContainsKey('WaitTimeout')) { $idle['WaitTimeout'] } else { 'PT1H' })
        })
    $network = Get-ChildTable -Element $Children['NetworkSettings']
    $values['NetworkSettings'] = New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskNetworkSettings' -Values (
        [ordered]@{ Id = $network['Id']; Name = $network['Name'] })
    if ($Children.ContainsKey('MaintenanceSettings')) {
        $care = Get-ChildTable -Element $Children['MaintenanceSettings']
        $values['MaintenanceSettings'] = New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskMaintenanceSettings' -Values (
            [ordered]@{ Deadline = $care['Deadline']; Exclusive = $care['Exclusive']; Period = $care['Period'] })
    }
    return New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskSettings3', 'MSFT_TaskSettings2', 'MSFT_TaskSettings' -Values $values
}

function ConvertTo-LabPrincipal {
    # The first Principal element as MSFT_TaskPrincipal2.
    param($Element)
    $child = Get-ChildTable -Element $Element
    $logon = $script:Logons[[string] $child['LogonType']]
    if (-not $logon -and $child.ContainsKey('GroupId')) { $logon = 4 }
    if (-not $logon -and ([string] $child['UserId'] -replace '^NT(.AUTHORITY|-AUTORIT.T)\\') -in $script:ServiceAccounts) { $logon = 5 }
    $id = if ($null -ne $Element) { Get-Attribute -Element $Element -Name 'id' } else { $null }
    return New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskPrincipal2', 'MSFT_TaskPrincipal' -Values ([ordered]@{
            DisplayName         = $child['DisplayName']
            GroupId             = $child['GroupId']
            Id                  = $id
            LogonType           = [uint32] $logon
            RunLevel            = [int] ([string] $child['RunLevel'] -eq 'HighestAvailable')
            UserId              = $child['UserId']
            ProcessTokenSidType = [uint32] 2
            RequiredPrivilege   = $null
        })
}

function ConvertTo-LabTrigger {
    # One trigger, as the class of its kind.
    param([System.Xml.Linq.XElement] $Element)
    $child = Get-ChildTable -Element $Element
    $pattern = Get-ChildTable -Element $child['Repetition']
    $values = [ordered]@{
        Enabled            = -not $child.ContainsKey('Enabled') -or [System.Xml.XmlConvert]::ToBoolean($child['Enabled'])
        EndBoundary        = $child['EndBoundary']
        ExecutionTimeLimit = $child['ExecutionTimeLimit']
        Id                 = Get-Attribute -Element $Element -Name 'id'
        Repetition         = New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskRepetitionPattern' -Values ([ordered]@{
                Duration          = $pattern['Duration']
                Interval          = $pattern['Interval']
                StopAtDurationEnd = $pattern['StopAtDurationEnd'] -in 'true', '1'
            })
        StartBoundary      = $child['StartBoundary']
    }
    $class = 'MSFT_TaskTrigger'
    if ($child.ContainsKey('ScheduleByDay')) {
        $class = 'MSFT_TaskDailyTrigger'
        $day = Get-ChildTable -Element $child['ScheduleByDay']
        $values['DaysInterval'] = [int16] $(if ($day.ContainsKey('DaysInterval')) { $day['DaysInterval'] } else { 1 })
        $values['RandomDelay'] = $child['RandomDelay']
    }
    elseif ($child.ContainsKey('ScheduleByWeek')) {
        $class = 'MSFT_TaskWeeklyTrigger'
        $week = Get-ChildTable -Element $child['ScheduleByWeek']
        $bits = 0
        foreach ($day in (Get-ChildTable -Element $week['DaysOfWeek']).Keys) { $bits = $bits -bor (1 -shl $script:Days.IndexOf($day)) }
        $values['DaysOfWeek'] = [uint16] $bits
        $values['RandomDelay'] = $child['RandomDelay']
        $values['WeeksInterval'] = [uint16] $(if ($week.ContainsKey('WeeksInterval')) { $week['WeeksInterval'] } else { 1 })
    }
    elseif ($Element.Name.LocalName -eq 'TimeTrigger') {
        $class = 'MSFT_TaskTimeTrigger'
        $values['RandomDelay'] = $child['RandomDelay']
    }
    elseif ($script:OwnTriggers.ContainsKey($Element.Name.LocalName)) {
        $class = 'MSFT_Task' + $Element.Name.LocalName
        foreach ($name in $script:OwnTriggers[$Element.Name.LocalName]) { $values[$name] = $child[$name] }
    }
    elseif ($Element.Name.LocalName -in 'BootTrigger', 'LogonTrigger') {
        $class = 'MSFT_Task' + $Element.Name.LocalName
        $values['Delay'] = $child['Delay']
        if ($Element.Name.LocalName -eq 'LogonTrigger') { $values['UserId'] = $child['UserId'] }
    }
    $classes = if ($class -eq 'MSFT_TaskTrigger') { @($class) } else { @($class, 'MSFT_TaskTrigger') }
    return New-LabInstance -Namespace $script:Namespace -Class $classes -Values $values
}

function ConvertTo-LabAction {
    # One action; other kinds than Exec show only their id.
    param([System.Xml.Linq.XElement] $Element)
    $id = Get-Attribute -Element $Element -Name 'id'
    if ($Element.Name.LocalName -ne 'Exec') {
        return New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskAction' -Values ([ordered]@{ Id = $id })
    }
    $child = Get-ChildTable -Element $Element
    return New-LabInstance -Namespace $script:Namespace -Class 'MSFT_TaskExecAction', 'MSFT_TaskAction' -Values ([ordered]@{
            Id = $id; Arguments = $child['Arguments']; Execute = $child['Command']; WorkingDirectory = $child['WorkingDirectory']
        })
}

function ConvertTo-LabTask {
    # A task of the state file as MSFT_ScheduledTask.
    param([System.Collections.IDictionary] $Task)
    $root = [System.Xml.Linq.XDocument]::Parse($Task['xml'].TrimStart([char] 0xFEFF)).Root
    $part = @{}
    foreach ($child in $root.Elements()) { $part[$child.Name.LocalName] = $child }
    $registration = Get-ChildTable -Element $part['RegistrationInfo']
    $values = [ordered]@{}
    $values['Actions'] = @(if ($part.ContainsKey('Actions')) { foreach ($element in $part['Actions'].Elements()) { ConvertTo-LabAction -Element $element } })
    foreach ($name in $script:Registration) { $values[$name] = $registration[$name] }
    $values['URI'] = $Task['path'] + $Task['name']
    $principal = if ($part.ContainsKey('Principals')) { @($part['Principals'].Elements())[0] } else { $null }
    $values['Principal'] = ConvertTo-LabPrincipal -Element $principal
    $values['Settings'] = ConvertTo-LabSettings -Root $root -Children (Get-ChildTable -Element $part['Settings'])
    $values['State'] = [uint32] $Task['state']
    $values['TaskName'] = $Task['name']
    $values['TaskPath'] = $Task['path']
    $values['Triggers'] = @(if ($part.ContainsKey('Triggers')) { foreach ($element in $part['Triggers'].Elements()) { ConvertTo-LabTrigger -Element $element } })
    return New-LabInstance -Namespace $script:Namespace -Class 'MSFT_ScheduledTask' -Values $values
}

function Test-SameValue {
    # Whether two property values, instances or lists of them are the same throughout.
    param($Left, $Right)
    if ($Left -is [array] -or $Right -is [array]) {
        if (@($Left).Count -ne @($Right).Count) { return $false }
        for ($i = 0; $i -lt @($Left).Count; $i++) {
            if (-not (Test-SameValue -Left @($Left)[$i] -Right @($Right)[$i])) { return $false }
        }
        return $true
    }
    if ($null -ne $Left -and $null -ne $Left.PSObject.Properties['CimInstanceProperties']) {
        if ($null -eq $Right) { return $false }
        foreach ($property in $Left.CimInstanceProperties) {
            if (-not (Test-SameValue -Left $property.Value -Right $Right.CimInstanceProperties[$property.Name].Value)) { return $false }
        }
        return $true
    }
    return $Left -ceq $Right
}

function Get-LabPatchedXml {
    # A task's XML with flat settings that are given; anything else of an object that differs is not implemented.
    param([System.Collections.IDictionary] $Task, $Wanted, $Settings)
    $now = ConvertTo-LabTask -Task $Task
    foreach ($property in $now.CimInstanceProperties) {
        if ($null -ne $Wanted -and $property.Name -notin 'Settings', 'State' -and
            -not (Test-SameValue -Left $property.Value -Right $Wanted.CimInstanceProperties[$property.Name].Value)) {
            throw [System.NotImplementedException]::new("The stand-in Set-ScheduledTask cannot change $($property.Name).")
        }
    }
    $xml = $Task['xml']
    if ($null -eq $Settings) { return $xml }
    foreach ($property in $now.Settings.CimInstanceProperties) {
        $value = $Settings.CimInstanceProperties[$property.Name].Value
        if (Test-SameValue -Left $property.Value -Right $value) { continue }
        $element, $type, $default = $script:Settings[$property.Name]
        if (-not $element) { throw [System.NotImplementedException]::new("The stand-in Set-ScheduledTask cannot change $($property.Name).") }
        $text = switch ($type) {
            'bool' { [System.Xml.XmlConvert]::ToString([bool] $value) }
            'policy' { $script:Policies[[int] $value] }
            default { [System.Security.SecurityElement]::Escape([string] $value) }
        }
        $xml = Set-ElementText -Xml $xml -Name $element -Text $text -Absent ($value -eq $default)
    }
    return $xml
}

# What is no element although it may look like one.
$script:NoElement = [regex]::new('<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>', 'Singleline')
$script:Attributes = '(?:[^>"'']|"[^"]*"|''[^'']*'')*'

function Set-ElementText {
    # The XML with one child of Settings changed and every other character as it was.
    param([string] $Xml, [string] $Name, [string] $Text, [bool] $Absent)
    $bare = $script:NoElement.Replace($Xml, [System.Text.RegularExpressions.MatchEvaluator] { param($found) ' ' * $found.Length })
    $settings = [regex]::Match($bare, "<Settings\b$script:Attributes(?<!/)>(?<inside>.*?)</Settings\s*>", 'Singleline').Groups['inside']
    if (-not $settings.Success) { throw [System.NotImplementedException]::new('The stand-in cannot write to a task without a Settings element.') }
    $there = [regex]::Match($settings.Value, "<$Name\b$script:Attributes(?<!/)>(?<text>[^<]*)</$Name\s*>").Groups['text']
    if ($there.Success) {
        $from = $settings.Index + $there.Index
        return $Xml.Substring(0, $from) + $Text + $Xml.Substring($from + $there.Length)
    }
    if ($Absent) { return $Xml }
    $tag = $bare.LastIndexOf('<Settings', $settings.Index, [System.StringComparison]::Ordinal)
    $before = [regex]::Match($bare.Substring(0, $tag), '(\r?\n?)([ \t]*)\z')
    return $Xml.Insert($settings.Index, $before.Value + "  <$Name>$Text</$Name>")
}

Export-ModuleMember -Function 'ConvertTo-LabTask', 'Get-LabPatchedXml', 'Set-ElementText'
