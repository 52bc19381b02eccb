# Commands that are named only at run time.
function Test-Dynamic {
    param([string] $Name)
    & $Name # expect: dynamic-command
    & ('Get-' + $Name) # expect: dynamic-command
    & { Get-Date }
}
