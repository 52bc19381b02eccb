# Asks for a restart of the server, which goes on without us.

function Set-RemediateBoot {
    # Writes down which boot is to be ended, and asks for its end in five seconds, when this pipeline has ended.
    param($Current)
    $path = Get-RemediateRestartPath
    $folder = Split-Path -LiteralPath $path
    if (-not (Test-Path -LiteralPath $folder)) { $null = New-Item -Path $folder -ItemType Directory -Force }
    $marks = @(foreach ($process in (Read-RemediateBoot -Current $Current)['boot']['processes']) { "$($process['name']) $($process['id']) $($process['created'])" })
    Save-RemediateFile -Path $path -Lines ($marks -join ';') -Encoding Ascii
    # 6: a restart that ends programs which do not end by themselves. The reason: planned, application, maintenance.
    $arguments = @{ Timeout = [uint32] 5; Comment = 'A restart that remediate was asked for.'; ReasonCode = [uint32] 2147745793; Flags = [int] 6 }
    $result = Invoke-CimMethod -InputObject $Current['System'] -MethodName Win32ShutdownTracker -Arguments $arguments -OperationTimeoutSec (Get-RemediateSecondsLeft) -Confirm:$false
    $code = [int64] $result.ReturnValue
    # 1115: a shutdown is in progress. 1190: one is scheduled. Either is not ours, and what comes of it is seen.
    if (@(0, 1115, 1190) -notcontains $code) {
        Remove-Item -LiteralPath $path -Force
        $message = "Win32ShutdownTracker returned ${code}."
        # 5: access is denied. 1314: a privilege is not held.
        if (@(5, 1314) -contains $code) { Write-Error -Message $message -ErrorId 'RemediateBootDenied' -Category PermissionDenied -ErrorAction Stop }
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message $message -Detail @{ code = $code }
    }
    Stop-RemediateCall -ErrorId 'RemediateUnfinished' -Message 'The server is about to be restarted.'
}
