# Stand-in for Get-WinEvent, over the event logs in the host's state file. It answers a query in XML of one form only.
# Known from its source: what it throws when nothing matches, and that it does not look for the log before it reads it.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

$script:Command = 'Microsoft.PowerShell.Commands.GetWinEventCommand'
$script:Nothing = @{
    en = 'No events were found that match the specified selection criteria.'
    de = 'Es wurden keine passenden Ereignisse gefunden.'
    ko = '지정한 선택 조건과 일치하는 이벤트를 찾을 수 없습니다.'
}
$script:Form = "^\*\[System\[Provider\[@Name='([^']+)'\] and \((EventID=\d+(?: or EventID=\d+)*)\) and " +
"TimeCreated\[timediff\(@SystemTime\) <= (\d+)\]\](?: and EventData\[(Data='[^']+'(?: or Data='[^']+')*)\])?\]$"

function New-Failure {
    # An error record as the command of Windows makes it.
    param([System.Exception] $Exception, [string] $Id, [System.Management.Automation.ErrorCategory] $Category)
    return [System.Management.Automation.ErrorRecord]::new($Exception, "$Id,$script:Command", $Category, $null)
}

function Get-WinEvent {
    [CmdletBinding(DefaultParameterSetName = 'GetLogSet', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'ListLogSet', Mandatory, Position = 0)] [string[]] $ListLog,
        [Parameter(ParameterSetName = 'GetLogSet', Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)] [string[]] $LogName,
        [Parameter(ParameterSetName = 'ListProviderSet', Mandatory, Position = 0)] [string[]] $ListProvider,
        [Parameter(ParameterSetName = 'GetProviderSet', Mandatory, Position = 0, ValueFromPipelineByPropertyName)] [string[]] $ProviderName,
        [Parameter(ParameterSetName = 'FileSet', Mandatory, Position = 0, ValueFromPipelineByPropertyName)] [Alias('PSPath')] [string[]] $Path,
        [Parameter(ParameterSetName = 'FileSet')] [Parameter(ParameterSetName = 'GetLogSet')] [Parameter(ParameterSetName = 'GetProviderSet')]
        [Parameter(ParameterSetName = 'HashQuerySet')] [Parameter(ParameterSetName = 'XmlQuerySet')] [long] $MaxEvents,
        [Parameter(ParameterSetName = 'GetLogSet')] [Parameter(ParameterSetName = 'GetProviderSet')] [Parameter(ParameterSetName = 'HashQuerySet')]
        [Parameter(ParameterSetName = 'ListLogSet')] [Parameter(ParameterSetName = 'ListProviderSet')] [Parameter(ParameterSetName = 'XmlQuerySet')]
        [Alias('Cn')] [string] $ComputerName,
        [pscredential] $Credential,
        [Parameter(ParameterSetName = 'FileSet')] [Parameter(ParameterSetName = 'GetLogSet')] [Parameter(ParameterSetName = 'GetProviderSet')] [string] $FilterXPath,
        [Parameter(ParameterSetName = 'XmlQuerySet', Mandatory, Position = 0)] [xml] $FilterXml,
        [Parameter(ParameterSetName = 'HashQuerySet', Mandatory, Position = 0)] [hashtable[]] $FilterHashtable,
        [Parameter(ParameterSetName = 'GetLogSet')] [Parameter(ParameterSetName = 'GetProviderSet')] [Parameter(ParameterSetName = 'HashQuerySet')]
        [Parameter(ParameterSetName = 'ListLogSet')] [switch] $Force,
        [Parameter(ParameterSetName = 'FileSet')] [Parameter(ParameterSetName = 'GetLogSet')] [Parameter(ParameterSetName = 'GetProviderSet')]
        [Parameter(ParameterSetName = 'HashQuerySet')] [Parameter(ParameterSetName = 'XmlQuerySet')] [switch] $Oldest
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'FilterXml', 'MaxEvents'
        $query = $FilterXml.QueryList.Query
        $select = $query.Select.InnerText
        if ($select -notmatch $script:Form) { throw [System.NotImplementedException]::new("The stand-in does not know such a query: $select") }
        $provider, $ids, $age, $data = $Matches[1], @([regex]::Matches($Matches[2], '\d+').Value), [double] $Matches[3], @()
        if ($Matches.ContainsKey(4)) { $data = @([regex]::Matches($Matches[4], "'([^']+)'").ForEach({ $_.Groups[1].Value })) }
        $null = Get-LabTrouble -Kind 'event' -Seconds 0 -Target $query.Path
        $state = Get-LabState
        if (Test-LabDenied -Kind 'event' -Access 'read') {
            $PSCmdlet.ThrowTerminatingError((New-Failure -Exception ([System.UnauthorizedAccessException]::new()) -Id 'System.UnauthorizedAccessException' -Category 'NotSpecified'))
        }
        $log = @($state['event_logs']).Where({ $null -ne $_ -and $_['name'] -ieq $query.Path })
        if (-not $log.Count) {
            # its type is there outside of Windows too, and refuses to be made
            $missing = [System.Exception]::new('The specified channel could not be found.')
            $PSCmdlet.ThrowTerminatingError((New-Failure -Exception $missing -Id 'System.Diagnostics.Eventing.Reader.EventLogNotFoundException' -Category 'NotSpecified'))
        }
        $since = [datetimeoffset]::UtcNow.AddMilliseconds(-$age)
        $newest = @($log[0]['events'])
        [array]::Reverse($newest)
        $count = 0
        foreach ($one in $newest) {
            $match = $one['provider'] -ceq $provider -and $one['id'] -in $ids -and [datetimeoffset]::Parse($one['at']) -ge $since -and
            (-not $data.Count -or @($one['data']).Where({ $_ -cin $data }).Count)
            if (-not $match) { continue }
            if ($count -eq $MaxEvents) { break }
            $count++
            [pscustomobject]@{
                RecordId     = [nullable[long]] $one['record']
                Id           = [int] $one['id']
                ProviderName = [string] $one['provider']
                LogName      = $log[0]['name']
                Level        = [nullable[byte]] $one['level']
                TimeCreated  = [datetimeoffset]::Parse($one['at']).LocalDateTime
                Properties   = @(foreach ($value in $one['data']) { [pscustomobject]@{ Value = $value } })
                Message      = $null
            }
        }
        if (-not $count) { $PSCmdlet.WriteError((New-Failure -Exception ([System.Exception]::new($script:Nothing[$state['culture'].Split('-')[0]])) -Id 'NoMatchingEventsFound' -Category 'ObjectNotFound')) }
    }
}

Export-ModuleMember -Function 'Get-WinEvent'
