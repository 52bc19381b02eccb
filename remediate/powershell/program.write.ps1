# Programs of Windows that a writer starts.

function Invoke-RemediateProgram {
    # Runs a program; the call fails where it cannot start, or says by its exit code that it has failed. What it prints is in
    # Windows' language, and only passed on.
    param([string] $Name, [scriptblock] $Program)
    # what a program writes to its error stream must not end the call: its exit code is what counts
    $ErrorActionPreference = 'Continue'
    # surface: allow dynamic-command - the caller's own block, whose commands are checked where they stand
    try { $said = & $Program 2>&1 }
    catch {
        Stop-RemediateCall -ErrorId 'RemediateProgramBlocked' -Message "$Name was not let start: $($_.Exception.Message) A security product or a policy may have stopped it: ask its owner, and see docs/security.md."
    }
    $code = $LASTEXITCODE
    if ($code -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateProgramFailed' -Message "$Name ended with exit code ${code}: $((@($said) -join ' ').Trim())"
    }
}
