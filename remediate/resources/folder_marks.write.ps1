# Folders: marked, or no longer. What stands in them is left as it is. Needs program.write.ps1.

function Set-RemediateFolderMarks {
    # Takes marks away, then sets others: a folder is compressed or encrypted, not both.
    param($Current, [hashtable] $Identity, [hashtable] $After)
    if (([int] $Current.Attributes -band 0x400) -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The folder leads elsewhere, so that another one would be written.'
    }
    $folder = $Identity['path']
    foreach ($wanted in $false, $true) {
        if ($After.ContainsKey('compressed') -and $After['compressed'] -eq $wanted) {
            $option = '/U'
            if ($wanted) { $option = '/C' }
            Invoke-RemediateProgram -Name 'compact' -Program { compact.exe $option /Q $folder }
        }
        if ($After.ContainsKey('encrypted') -and $After['encrypted'] -eq $wanted) {
            $option = '/D'
            if ($wanted) { $option = '/E' }
            Invoke-RemediateProgram -Name 'cipher' -Program { cipher.exe $option $folder }
        }
    }
}
