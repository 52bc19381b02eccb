# The proxy that the agent has of its own, written by its PowerShell module. Needs agent_proxy.ask.ps1.

function Set-RemediateAgentProxy {
    # Gives the agent another proxy, or none. A password goes to the process of its own sealed, on its standard input.
    param($Current, [hashtable] $After, [hashtable] $Secrets)
    $proxy = $After['proxy']
    $password = $null
    if ($null -ne $Secrets) { $password = $Secrets['password'] }
    $null = Invoke-RemediateAgentModule -Path $Current['path'] -Argument ([string] $proxy['server']), ([int] $proxy['port']), ([string] $proxy['user']), $password -Script {
        param([string] $Path, [string] $Server, [int] $Port, [string] $User, [securestring] $Password)
        if ($env:RemediateModules) { $env:PSModulePath = $env:RemediateModules }
        $PID
        try {
            $null = Import-Module -Name $Path -ErrorAction Stop
            if ($null -eq (Get-Command -Name Set-OBMachineSetting -ErrorAction SilentlyContinue)) { return @{ problem = 'The PowerShell module of the agent has no Set-OBMachineSetting.' } }
            if (-not $Server) {
                # surface: allow command - it is there where it was found above
                $null = Set-OBMachineSetting -NoProxy -Confirm:$false -ErrorAction Stop
                return @{ problem = '' }
            }
            $logon = @{}
            if ($User) { $logon['ProxyUsername'] = $User }
            if ($null -ne $Password) { $logon['ProxyPassword'] = $Password }
            # surface: allow command - it is there where it was found above
            $null = Set-OBMachineSetting -ProxyServer $Server -ProxyPort $Port @logon -Confirm:$false -ErrorAction Stop
            return @{ problem = '' }
        }
        catch {
            $id = ([string] $_.FullyQualifiedErrorId -split ',')[0] -replace '(?s)^(.{200}).*', '$1'
            return @{ problem = "The agent does not take the proxy: $id."; denied = [string] $_.CategoryInfo.Category -eq 'PermissionDenied' }
        }
    }
}
