# Stand-in for the Windows module ScheduledTasks, over the tasks in the host's state file.
# Known from documents and dumps: parameters, sets, classes, enums, error ids of Get-ScheduledTask.
# Inferred: the ids of other errors (HRESULT in hexadecimal, as CIM commands write them), that a name without a
# path means the root folder, and which error comes first.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/cim.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/text.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/sessions.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'definition.psm1')

Register-LabException -Name 'Microsoft.PowerShell.Cmdletization.Cim.CimJobException'
Register-LabClass -Class 'MSFT_TaskDynamicInfo' -Property 'LastRunTime', 'LastTaskResult', 'NextRunTime', 'NumberOfMissedRuns', 'TaskName', 'TaskPath'

$script:Fields = @{ TaskName = 'name'; TaskPath = 'path' }
$script:Indexed = $null
$script:Index = $null
$script:NotFound = 'CmdletizationQuery_NotFound'
$script:JobException = 'Microsoft.PowerShell.Cmdletization.Cim.CimJobException' -as [type]
$script:Failures = @{
    NoFile       = @('HRESULT 0x80070002', [System.Management.Automation.ErrorCategory]::ObjectNotFound)
    Denied       = @('HRESULT 0x80070005', [System.Management.Automation.ErrorCategory]::PermissionDenied)
    Malformed    = @('HRESULT 0x8004131a', [System.Management.Automation.ErrorCategory]::NotSpecified)
    LogonFailure = @('HRESULT 0x8007052e', [System.Management.Automation.ErrorCategory]::AuthenticationError)
}

function Test-Wildcard {
    # Whether a value is a pattern; an escaped wildcard is none.
    param([string] $Value)
    return [System.Management.Automation.WildcardPattern]::ContainsWildcardCharacters($Value)
}

function Get-Pattern {
    # What the values of a parameter ask for, as Windows compares it. No values ask for nothing in particular.
    param([AllowNull()] [string[]] $Value)
    return , @(foreach ($one in $Value) { [System.Management.Automation.WildcardPattern]::new($one, 'IgnoreCase, CultureInvariant') })
}

function Select-Match {
    # The tasks of which a field is what one of the patterns asks for.
    param([object[]] $Task, [string] $Field, [System.Management.Automation.WildcardPattern[]] $Pattern)
    foreach ($one in $Task) {
        foreach ($each in $Pattern) {
            if ($each.IsMatch($one[$Field])) {
                $one
                break
            }
        }
    }
}

function Find-Task {
    # The record with exactly this path and name in a state, as Windows compares them.
    param([System.Collections.IDictionary] $State, [string] $Path, [string] $Name)
    if (-not [object]::ReferenceEquals($State, $script:Indexed)) {
        $script:Index = [System.Collections.Generic.Dictionary[string, object]]::new([System.StringComparer]::OrdinalIgnoreCase)
        foreach ($task in $State['scheduled_tasks']) { $script:Index[$task['path'] + '|' + $task['name']] = $task }
        $script:Indexed = $State
    }
    $task = $null
    $null = $script:Index.TryGetValue($Path + '|' + $Name, [ref] $task)
    return $task
}

function Get-Key {
    # Path and name of the task that a command was given, either way.
    param([System.Collections.IDictionary] $Bound)
    if ($Bound.ContainsKey('InputObject')) {
        $given = $Bound['InputObject'].CimInstanceProperties
        return @{ Path = $given['TaskPath'].Value; Name = $given['TaskName'].Value }
    }
    if (-not $Bound.ContainsKey('TaskName')) {
        throw [System.NotImplementedException]::new('The stand-in for this command does not export all tasks at once.')
    }
    $path = if ($Bound.ContainsKey('TaskPath')) { $Bound['TaskPath'] } else { '\' }
    return @{ Path = $path; Name = $Bound['TaskName'] }
}

function New-Failure {
    # The error record of a call that Task Scheduler refused.
    param([string] $Kind, $Target)
    $id, $category = $script:Failures[$Kind]
    $text = Get-LabText -Culture (Get-LabState)['culture'] -Name $Kind
    return New-LabCimError -Message $text -Id $id -Category $category -Target $Target
}

function Get-Trouble {
    # The error of a command that hangs, or that is not there; nothing when all is well.
    param([AllowNull()] [object[]] $Session)
    if (Test-LabLack -Kind 'scheduled_task') {
        throw [System.Management.Automation.CommandNotFoundException]::new('The module ScheduledTasks is not there.')
    }
    return Get-LabTrouble -Kind 'scheduled_task' -Seconds (Get-LabLimit -Session $Session) -Target 'MSFT_ScheduledTask'
}

function Invoke-TaskChange {
    # Changes one record under the lock; the task as it is then, or the error record of the failure.
    param([System.Collections.IDictionary] $Bound, [scriptblock] $Change)
    $trouble = Get-Trouble -Session $Bound['CimSession']
    if ($null -ne $trouble) { return $trouble }
    $key = Get-Key -Bound $Bound
    if (Test-LabDenied -Kind 'scheduled_task' -Access 'write') { return New-Failure -Kind 'Denied' -Target $key['Name'] }
    return Update-LabState -Action {
        param($state)
        $task = Find-Task -State $state -Path $key['Path'] -Name $key['Name']
        if ($null -eq $task) { return New-Failure -Kind 'NoFile' -Target $key['Name'] }
        $failure = & $Change $task
        if ($null -ne $failure) { return $failure }
        return ConvertTo-LabTask -Task $task
    }
}

function Get-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'ByPath', PositionalBinding = $false)]
    param(
        [Parameter(Position = 0, ValueFromPipelineByPropertyName)] [string[]] $TaskName,
        [Parameter(Position = 1, ValueFromPipelineByPropertyName)] [string[]] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'TaskName', 'TaskPath', 'CimSession'
        $trouble = Get-Trouble -Session $CimSession
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        if (Test-LabDenied -Kind 'scheduled_task' -Access 'read') { return $PSCmdlet.WriteError((New-Failure -Kind 'Denied' -Target 'MSFT_ScheduledTask')) }
        $state = Get-LabState
        $asked = [ordered]@{}
        foreach ($name in 'TaskName', 'TaskPath') {
            if ($PSBoundParameters.ContainsKey($name)) { $asked[$name] = $PSBoundParameters[$name] }
        }
        $found = @((Get-LabSection -State $state -Name 'scheduled_tasks'))
        foreach ($name in $asked.Keys) {
            $found = @(Select-Match -Task $found -Field $script:Fields[$name] -Pattern (Get-Pattern -Value $asked[$name]))
        }
        try { @(foreach ($task in $found) { ConvertTo-LabTask -Task $task }) }
        catch [System.Xml.XmlException] {
            # one damaged task, and none is listed
            return $PSCmdlet.WriteError((New-Failure -Kind 'Malformed' -Target 'MSFT_ScheduledTask'))
        }
        if ($asked.Count -eq 1) {
            $name = @($asked.Keys)[0]
            foreach ($value in $asked[$name]) {
                if (Test-Wildcard -Value $value) { continue }
                if (@(Select-Match -Task $found -Field $script:Fields[$name] -Pattern (Get-Pattern -Value $value)).Count) { continue }
                $text = Get-LabText -Culture $state['culture'] -Name 'NotFoundBy' -Value $name, $value
                $PSCmdlet.WriteError((New-LabCimError -Message $text -Id "$($script:NotFound)_$name" -Category ObjectNotFound -Target $value -Exception $script:JobException))
            }
        }
        elseif ($asked.Count -eq 2 -and -not $found.Count) {
            $literal = @($asked.Values | Where-Object { -not @($_ | Where-Object { Test-Wildcard -Value $_ }).Count })
            if ($literal.Count) {
                $text = Get-LabText -Culture $state['culture'] -Name 'NotFound'
                $PSCmdlet.WriteError((New-LabCimError -Message $text -Id $script:NotFound -Category ObjectNotFound -Target 'MSFT_ScheduledTask' -Exception $script:JobException))
            }
        }
    }
}

function Get-ScheduledTaskInfo {
    [CmdletBinding(DefaultParameterSetName = 'Name', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 0, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Name', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Name', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $trouble = Get-Trouble -Session $CimSession
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        $key = Get-Key -Bound $PSBoundParameters
        $task = Find-Task -State (Get-LabState) -Path $key['Path'] -Name $key['Name']
        if ($null -eq $task) { return $PSCmdlet.WriteError((New-Failure -Kind 'NoFile' -Target $key['Name'])) }
        # A task that never ran; TaskPath is only filled when the task object was given.
        New-LabInstance -Namespace 'Root/Microsoft/Windows/TaskScheduler' -Class 'MSFT_TaskDynamicInfo' -Values ([ordered]@{
                LastRunTime        = [datetime]::new(1999, 11, 30)
                LastTaskResult     = [uint32] 267011
                NextRunTime        = $null
                NumberOfMissedRuns = [uint32] 0
                TaskName           = $task['name']
                TaskPath           = $(if ($PSCmdlet.ParameterSetName -eq 'Object') { $task['path'] } else { '' })
            })
    }
}

function Export-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'Name', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 0, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Name', Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Name', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $trouble = Get-Trouble -Session $CimSession
        if ($null -ne $trouble) { return $PSCmdlet.WriteError($trouble) }
        $key = Get-Key -Bound $PSBoundParameters
        $task = Find-Task -State (Get-LabState) -Path $key['Path'] -Name $key['Name']
        if ($null -eq $task) { return $PSCmdlet.WriteError((New-Failure -Kind 'NoFile' -Target $key['Name'])) }
        $task['xml']
    }
}

function Set-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'User', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 0, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Object', Position = 1)] [Parameter(ParameterSetName = 'User', Position = 6)] [string] $Password,
        [Parameter(ParameterSetName = 'Object', Position = 2)] [Parameter(ParameterSetName = 'User', Position = 5)] [string] $User,
        [Parameter(ParameterSetName = 'User', Mandatory, Position = 0)] [Parameter(ParameterSetName = 'Principal', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'User', Position = 1)] [Parameter(ParameterSetName = 'Principal', Position = 1)] [string] $TaskPath,
        [Parameter(ParameterSetName = 'User', Position = 2)] [Parameter(ParameterSetName = 'Principal', Position = 2)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskAction')] [object[]] $Action,
        [Parameter(ParameterSetName = 'User', Position = 3)] [Parameter(ParameterSetName = 'Principal', Position = 3)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskTrigger')] [object[]] $Trigger,
        [Parameter(ParameterSetName = 'User', Position = 4)] [Parameter(ParameterSetName = 'Principal', Position = 4)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskSettings')] [object] $Settings,
        [Parameter(ParameterSetName = 'Principal', Position = 5)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_TaskPrincipal')] [object] $Principal,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'Settings', 'CimSession'
        $wanted = if ($PSCmdlet.ParameterSetName -eq 'Object') { $InputObject } else { $null }
        $result = Invoke-TaskChange -Bound $PSBoundParameters -Change {
            param($task)
            # A stored password has to be given again: TASK_LOGON_PASSWORD, TASK_LOGON_INTERACTIVE_TOKEN_OR_PASSWORD
            if ((ConvertTo-LabTask -Task $task).Principal.CimInstanceProperties['LogonType'].Value -in 1, 6) {
                return New-Failure -Kind 'LogonFailure' -Target $task['name']
            }
            $xml = Get-LabPatchedXml -Task $task -Wanted $wanted -Settings $(if ($null -ne $wanted) { $wanted.Settings } else { $Settings })
            $task['xml'] = Get-LabSavedText -Kind 'scheduled_task' -Text $xml
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($result) }
        $result
    }
}

function Enable-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'Name', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 0, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Name', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Name', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $result = Invoke-TaskChange -Bound $PSBoundParameters -Change {
            param($task)
            $xml = Set-ElementText -Xml $task['xml'] -Name 'Enabled' -Text 'true' -Absent $true
            $task['xml'] = Get-LabSavedText -Kind 'scheduled_task' -Text $xml
            if ($task['state'] -eq 1) { $task['state'] = 3 }
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($result) }
        $result
    }
}

function Disable-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'Name', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 0, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Name', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Name', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $result = Invoke-TaskChange -Bound $PSBoundParameters -Change {
            param($task)
            $xml = Set-ElementText -Xml $task['xml'] -Name 'Enabled' -Text 'false' -Absent $false
            $task['xml'] = Get-LabSavedText -Kind 'scheduled_task' -Text $xml
            $task['state'] = 1
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { return $PSCmdlet.WriteError($result) }
        $result
    }
}

function Start-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'Path', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 1, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Path', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Path', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $result = Invoke-TaskChange -Bound $PSBoundParameters -Change {
            param($task)
            $task['state'] = 4
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { $PSCmdlet.WriteError($result) }
    }
}

function Stop-ScheduledTask {
    [CmdletBinding(DefaultParameterSetName = 'Path', PositionalBinding = $false)]
    param(
        [Parameter(ParameterSetName = 'Object', Mandatory, Position = 1, ValueFromPipeline)]
        [PSTypeName('Microsoft.Management.Infrastructure.CimInstance#MSFT_ScheduledTask')] [object] $InputObject,
        [Parameter(ParameterSetName = 'Path', Mandatory, Position = 0)] [string] $TaskName,
        [Parameter(ParameterSetName = 'Path', Position = 1)] [string] $TaskPath,
        [Alias('Session')] [Microsoft.Management.Infrastructure.CimSession[]] $CimSession,
        [int] $ThrottleLimit,
        [switch] $AsJob
    )
    process {
        Assert-LabImplemented -Bound $PSBoundParameters -Known 'InputObject', 'TaskName', 'TaskPath', 'CimSession'
        $result = Invoke-TaskChange -Bound $PSBoundParameters -Change {
            param($task)
            if ($task['state'] -eq 4) { $task['state'] = 3 }
        }
        if ($result -is [System.Management.Automation.ErrorRecord]) { $PSCmdlet.WriteError($result) }
    }
}

Export-ModuleMember -Function '*-ScheduledTask', 'Get-ScheduledTaskInfo'
