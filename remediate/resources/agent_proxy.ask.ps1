# Asks the agent's own PowerShell module for its proxy, whose code is run for that. Needs own_process.ps1.
# What its object has is not documented, but seen in scripts that use it: where it is another one, the question fails.

function Invoke-RemediateAgentModule {
    # What a script says in a process of its own that gets the module's definition, and what else is given.
    param([string] $Path, [scriptblock] $Script, [object[]] $Argument = @())
    $definition = $Path + '\MSOnlineBackup.psd1'
    if (-not (Test-Path -LiteralPath $definition -PathType Leaf)) { Stop-RemediateCall -ErrorId 'RemediateAgentSilent' -Message 'The PowerShell module of the agent is not there.' }
    $found = Invoke-RemediateOwnProcess -Argument (@((Resolve-Path -LiteralPath $definition).ProviderPath) + $Argument) -Script $Script
    if (-not $found['ended']) { Stop-RemediateCall -ErrorId 'RemediateAgentSilent' -Message 'The PowerShell module of the agent has not answered in the time that there is.' }
    if ($found['said'].Count -ne 1) { Stop-RemediateCall -ErrorId 'RemediateAgentSilent' -Message 'The process in which the agent was asked ended without a word.' }
    $said = $found['said'][0]
    if ($said['denied']) { Write-Error -Message $said['problem'] -ErrorId 'AccessDenied' -Category PermissionDenied -ErrorAction Stop }
    if ($said['problem']) { Stop-RemediateCall -ErrorId 'RemediateAgentSilent' -Message $said['problem'] }
    return $said
}

function Read-RemediateMachineSetting {
    # The address and port of the proxy, empty where there is none, and its user, which is nothing where that is not told.
    param([string] $Path)
    return Invoke-RemediateAgentModule -Path $Path -Script {
        param([string] $Path)
        if ($env:RemediateModules) { $env:PSModulePath = $env:RemediateModules }
        $PID
        try {
            $null = Import-Module -Name $Path -ErrorAction Stop
            if ($null -eq (Get-Command -Name Get-OBMachineSetting -ErrorAction SilentlyContinue)) { return @{ problem = 'The PowerShell module of the agent has no Get-OBMachineSetting.' } }
            # surface: allow command - it is there where it was found above
            $settings = @(Get-OBMachineSetting -ErrorAction Stop | Select-Object -First 2)
        }
        catch {
            $id = ([string] $_.FullyQualifiedErrorId -split ',')[0] -replace '(?s)^(.{200}).*', '$1'
            return @{ problem = "The agent cannot be asked for its proxy: $id."; denied = [string] $_.CategoryInfo.Category -eq 'PermissionDenied' }
        }
        $told = @{}
        $proxy = $null
        if ($settings.Count -eq 1 -and $null -ne $settings[0]) { $proxy = $settings[0].ProxySetting }
        if ($null -ne $proxy) {
            foreach ($property in $proxy.PSObject.Properties) {
                if ($property.Name -in 'Enabled', 'ProxyServer', 'ProxyPort', 'ProxyUserName') { $told[$property.Name] = $property.Value }
            }
        }
        $known = $told['Enabled'] -is [bool] -and $told.ContainsKey('ProxyServer') -and [string] $told['ProxyPort'] -match '^[0-9]{1,5}$'
        if (-not $known -or ($told['Enabled'] -and -not $told['ProxyServer'])) { return @{ problem = 'What Get-OBMachineSetting says of the proxy has another form than is known.' } }
        $user = $null
        if ($told.ContainsKey('ProxyUserName')) { $user = '' }
        if (-not $told['Enabled']) { return @{ server = ''; port = 0; user = $user } }
        if ([string] $told['ProxyServer'] -match '@') { return @{ problem = 'The address of the proxy of the agent has an account in it, so nothing of it is shown: give the agent one without.' } }
        if ($null -ne $user) { $user = [string] $told['ProxyUserName'] }
        return @{ server = [string] $told['ProxyServer']; port = [int] $told['ProxyPort']; user = $user }
    }
}
