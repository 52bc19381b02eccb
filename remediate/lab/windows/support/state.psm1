# The host's state file: read when it has changed, written whole, by one session at a time.

Set-StrictMode -Version Latest

$script:HeadLength = 64
$script:Head = $null
$script:State = $null

# It writes every character as it is, half of a pair too; System.Text.Json would put another in its place.
$null = [System.Reflection.Assembly]::Load('Newtonsoft.Json')
$script:Ascii = [Newtonsoft.Json.JsonSerializerSettings]@{ StringEscapeHandling = 'EscapeNonAscii' }
$script:Escapes = @{ b = "`b"; f = "`f"; n = "`n"; r = "`r"; t = "`t" }

function ConvertFrom-LabText {
    # A string of JSON in which a character is half of a pair, which GetString refuses.
    param([string] $Raw)
    return [regex]::Replace($Raw.Substring(1, $Raw.Length - 2), '\\(u[0-9a-fA-F]{4}|.)', {
            param($match)
            $code = $match.Groups[1].Value
            if ($code.Length -gt 1) { return [string] [char] [System.Convert]::ToInt32($code.Substring(1), 16) }
            if ($script:Escapes.ContainsKey($code)) { return $script:Escapes[$code] }
            return $code
        })
}

function Stop-LabEngine {
    # What the lab cannot read is nothing that a script may take for an answer, so nothing goes on.
    param([string] $Message)
    # Console.Error is nothing in a process that is an engine.
    $bytes = [System.Text.Encoding]::UTF8.GetBytes("the lab cannot read the state of its host: $Message`n")
    $errors = [System.Console]::OpenStandardError()
    $errors.Write($bytes, 0, $bytes.Length)
    $errors.Flush()
    [System.Environment]::Exit(70)
}

function ConvertFrom-LabElement {
    # JSON as ordered dictionaries, lists, strings and numbers. ConvertFrom-Json would make dates of strings.
    param([System.Text.Json.JsonElement] $Element)
    switch ($Element.ValueKind) {
        'Object' {
            $table = [ordered]@{}
            foreach ($property in $Element.EnumerateObject()) {
                $table[$property.Name] = ConvertFrom-LabElement -Element $property.Value
            }
            return $table
        }
        'Array' {
            $list = [System.Collections.Generic.List[object]]::new()
            foreach ($item in $Element.EnumerateArray()) { $list.Add((ConvertFrom-LabElement -Element $item)) }
            return , $list
        }
        'String' {
            try { return $Element.GetString() }
            catch [System.InvalidOperationException] { return ConvertFrom-LabText -Raw $Element.GetRawText() }
        }
        'Number' { return $Element.GetInt64() }
        'True' { return $true }
        'False' { return $false }
        default { return $null }
    }
}

function Get-LabSection {
    # A list in a state; what there is none of has none. Not to be changed, unless the state is being changed and -Add is given.
    param([System.Collections.IDictionary] $State, [string] $Name, [switch] $Add)
    $section = $State[$Name]
    if ($null -eq $section) {
        $section = [System.Collections.Generic.List[object]]::new()
        if ($Add) { $State[$Name] = $section }
    }
    return , $section
}

function Get-LabState {
    # The state as it is now. Not to be changed by the caller.
    try { return Read-LabState }
    catch { Stop-LabEngine -Message $_.Exception.Message }
}

function Read-LabState {
    # The state as it is now, or the error that keeps it from being read.
    $path = $env:REMEDIATE_LAB_STATE
    $stream = [System.IO.File]::Open($path, 'Open', 'Read', 'ReadWrite, Delete')
    try {
        # The generation stands first, so that an unchanged file need not be read again.
        $bytes = [byte[]]::new($script:HeadLength)
        $head = $path + [System.Text.Encoding]::ASCII.GetString($bytes, 0, $stream.Read($bytes, 0, $bytes.Length))
        if ($head -cne $script:Head) {
            $stream.Position = 0
            $document = [System.Text.Json.JsonDocument]::Parse($stream)
            $script:State = ConvertFrom-LabElement -Element $document.RootElement
            $document.Dispose()
            $script:Head = $head
        }
    }
    finally { $stream.Dispose() }
    return $script:State
}

function Test-LabDenied {
    # Whether the account that came in may not read, or not write, a kind of resource.
    param([string] $Kind, [ValidateSet('read', 'write')] [string] $Access)
    $denied = (Get-LabState)['denied']
    return $denied.Contains($Kind) -and $denied[$Kind] -in $Access, 'read'
}

function Get-LabEdit {
    # What this Windows does to each thing of a kind that it saves: pairs of texts.
    param([string] $Kind)
    $edits = (Get-LabState)['edits']
    if ($null -ne $edits -and $edits.Contains($Kind)) { return , @($edits[$Kind]) }
    return , @()
}

function Get-LabSavedText {
    # What becomes of a text when this Windows saves it.
    param([string] $Kind, [string] $Text)
    foreach ($edit in (Get-LabEdit -Kind $Kind)) { $Text = [regex]::Replace($Text, $edit[0], $edit[1]) }
    return $Text
}

function Get-LabSavedSize {
    # What becomes of a number of bytes when this Windows saves it, on a volume with so many.
    param([string] $Kind, [bigint] $Size, [bigint] $Volume)
    foreach ($edit in (Get-LabEdit -Kind $Kind)) {
        $step = $edit[1]
        if ($edit[0] -eq 'less') {
            $Size = $Size - [bigint]::Divide($Size * [bigint] $step.TrimEnd('%'), 100)
            continue
        }
        $unit = if ($step.EndsWith('%')) { [bigint]::Divide($Volume * [bigint] $step.TrimEnd('%'), 100) } else { [bigint] $step }
        $Size = [bigint]::Max($unit, $Size - [bigint]::Remainder($Size, $unit))
    }
    return $Size
}

function Update-LabState {
    # Runs an action on the state with all other sessions kept out, and writes what it made of it.
    param([scriptblock] $Action)
    $path = $env:REMEDIATE_LAB_STATE
    $lock = Open-LabLock -Path ($path + '.lock')
    try {
        $state = Get-LabState
        try { $result = & $Action $state }
        catch {
            $script:Head = $null
            throw
        }
        $state['generation'] = [guid]::NewGuid().ToString()
        $text = [Newtonsoft.Json.JsonConvert]::SerializeObject($state, $script:Ascii)
        [System.IO.File]::WriteAllText($path + '.new', $text)
        [System.IO.File]::Move($path + '.new', $path, $true)
        $script:Head = $path + $text.Substring(0, [System.Math]::Min($script:HeadLength, $text.Length))
        return $result
    }
    finally { $lock.Dispose() }
}

function Open-LabLock {
    # The lock file, held open.
    param([string] $Path)
    $end = [datetime]::UtcNow.AddSeconds(10)
    while ($true) {
        try { return [System.IO.File]::Open($Path, 'OpenOrCreate', 'ReadWrite', 'None') }
        catch [System.IO.IOException] {
            if ([datetime]::UtcNow -gt $end) { throw }
            [System.Threading.Thread]::Sleep(5)
        }
    }
}

Export-ModuleMember -Function 'Get-LabEdit', 'Get-LabSavedSize', 'Get-LabSavedText', 'Get-LabSection', 'Get-LabState', 'Test-LabDenied', 'Update-LabState'
