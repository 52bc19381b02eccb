# Files and folders of ours that others may have open. Sent with what writes.

function Save-RemediateFile {
    # Writes lines to a file. Windows PowerShell lets nobody read meanwhile, so it cannot while somebody does, as a virus scanner or
    # a backup; and then it may also say that a stream was not readable. For a moment, so this tries for 3 seconds.
    # https://github.com/PowerShell/PowerShell/issues/5924 https://github.com/PowerShell/PowerShell/issues/27947
    param([string] $Path, [string[]] $Lines, [string] $Encoding = 'UTF8')
    $end = (Get-Date).AddSeconds(3)
    while ((Get-Date) -lt $end) {
        try {
            Set-Content -LiteralPath $Path -Value $Lines -Encoding $Encoding
            return
        }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 200 }
        catch [System.ArgumentException] { Start-Sleep -Milliseconds 200 }
    }
    Set-Content -LiteralPath $Path -Value $Lines -Encoding $Encoding
}

function Rename-RemediateItem {
    # Renames a folder or a file. Windows refuses while it, or a file in it, is open, as a virus scanner has new ones, or a
    # process that has just ended its DLLs: for a moment, so this tries for 3 seconds.
    param([string] $Path, [string] $Name)
    $end = (Get-Date).AddSeconds(3)
    while ((Get-Date) -lt $end) {
        try {
            Rename-Item -LiteralPath $Path -NewName $Name
            return
        }
        catch [System.IO.IOException] { Start-Sleep -Milliseconds 500 }
    }
    Rename-Item -LiteralPath $Path -NewName $Name
}
