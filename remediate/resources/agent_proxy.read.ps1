# The proxy that the agent has of its own. Needs agent_module.read.ps1 with what that needs, and agent_proxy.ask.ps1.

function Find-RemediateAgentProxy {
    # The module of the agent that is installed, which has it.
    param([hashtable] $Identity)
    return Find-RemediateAgentModule -Identity $Identity
}

function Read-RemediateAgentProxy {
    # What can be set of it, as it is now.
    param($Current)
    $said = Read-RemediateMachineSetting -Path $Current['path']
    return @{
        proxy = @{
            server = Limit-RemediateText -Text $said['server'] -Name 'The address of the proxy' -Most 2000
            port   = $said['port']
            user   = $said['user']
        }
    }
}

function Get-RemediateAgentProxy {
    # The proxy of the agent that is installed, if one is.
    param($Path)
    $module = Resolve-RemediatePath -Path $Path
    if ($null -eq $module) { return }
    $values = Read-RemediateAgentProxy -Current @{ path = $module }
    return [ordered]@{ path = $module; proxy = $values['proxy'] }
}
