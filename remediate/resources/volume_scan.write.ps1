# Starts the scan of a volume, which goes on without us.

function Get-RemediateScanProgram {
    # What the process does that scans: which volume, the folder says that it is started in. It is handed over on a command
    # line, so there are no double quotes in it; and it is the same for each volume. A scan repairs nothing.
    $program = {
        $ErrorActionPreference = 'Stop'
        $folder = (Get-Location).ProviderPath
        $lines = @(Get-Content -LiteralPath ($folder + '\asked') -TotalCount 1)
        $said = ''
        $code = 0
        # surface: allow cim-session - it ends with the process, and nobody waits for it
        try { $said = [string] (Repair-Volume -Path ('\\?\Volume{' + (Split-Path -Path $folder -Leaf) + '}\') -Scan -Confirm:$false -ErrorAction Stop) }
        catch { if ([string] $_.FullyQualifiedErrorId -match '^StorageWMI (\d+)') { $code = [int] $Matches[1] } }
        if ($said -and $said -ne 'ScanNotPerformed') {
            $name = 'ended'
            $lines += @(('scan=' + (Get-Date).ToUniversalTime().ToString('s') + 'Z'), ('said=' + $said))
        }
        else {
            $name = 'refused'
            $lines += 'code=' + $code
        }
        # surface: allow save - in a process where nothing else of ours is known, and the file is new
        Set-Content -LiteralPath ($folder + '\' + $name) -Value $lines -Encoding Ascii
    }
    return $program.ToString().Trim()
}

function Set-RemediateVolumeScan {
    # Has the volume scanned by a process of its own, unless one does that already.
    param($Current)
    $folder = Get-RemediateScanFolder -Device $Current.DeviceID
    if ((Get-RemediateScanState -Folder $folder)['state'] -ne 'running') {
        if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -Path $folder -ItemType Directory -Force }
        $mark = 'at=' + (Get-Date).ToUniversalTime().ToString('o')
        Save-RemediateFile -Path ($folder + '\asked') -Lines $mark -Encoding Ascii
        $line = [string] $env:SystemRoot + '\System32\WindowsPowerShell\v1.0\powershell.exe -NoLogo -NoProfile -NonInteractive -Command "' + (Get-RemediateScanProgram) + '"'
        $result = Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = $line; CurrentDirectory = $folder } -OperationTimeoutSec (Get-RemediateSecondsLeft) -Confirm:$false
        $code = [int64] $result.ReturnValue
        if ($code -ne 0) {
            Remove-Item -LiteralPath ($folder + '\asked') -Force
            $message = "The scan could not be started: Create of Win32_Process returned ${code}. A security product may have stopped it."
            # 2: access is denied. 3: a privilege is not held.
            if (@(2, 3) -contains $code) { Write-Error -Message $message -ErrorId 'RemediateScanDenied' -Category PermissionDenied -ErrorAction Stop }
            Stop-RemediateCall -ErrorId 'RemediateRefused' -Message $message -Detail @{ code = $code }
        }
        $id = [int64] $result.ProcessId
        $created = ''
        foreach ($process in @(Get-CimInstance -ClassName Win32_Process -Filter "ProcessId = $id" -Property ProcessId, CreationDate -OperationTimeoutSec (Get-RemediateSecondsLeft))) {
            if ($null -ne $process.CreationDate) { $created = ([datetime] $process.CreationDate).ToUniversalTime().ToString('o') }
        }
        Save-RemediateFile -Path ($folder + '\process') -Lines @($mark, "id=$id", "created=$created") -Encoding Ascii
    }
    Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'The volume is being scanned.'
}
