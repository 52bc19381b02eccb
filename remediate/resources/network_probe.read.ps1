# Attempts to reach names on the network: each in a runspace of its own, all at once, and left alone when the time is up.
# Needs registry_value.read.ps1.

# surface: allow language-mode - Get-RemediateNetworkProbe refuses where the mode is another one
function Test-RemediateEndpoint {
    # One attempt, as far as it gets. It writes down what it learns at once, as nobody may wait for its end. It runs in
    # another runspace, where nothing else of ours is known, and where a command of a module would have to be found first:
    # so it calls none. Errors go by number.
    param([hashtable] $Found, [string] $Name, [int] $Port, [string] $ProxyName, [int] $ProxyPort, [datetime] $Until)
    $client = $null
    try {
        $target = $Name
        $door = $Port
        if ($ProxyName) {
            $target = $ProxyName
            $door = $ProxyPort
        }
        $addresses = @([System.Net.Dns]::GetHostAddresses($target))
        if (-not $ProxyName) { $Found['addresses'] = @(foreach ($address in $addresses) { $address.ToString() }) }
        $Found['stage'] = 'connect'
        # one socket speaks one family
        $family = [System.Net.Sockets.AddressFamily]::InterNetwork
        $own = @($addresses | Where-Object -FilterScript { $_.AddressFamily -eq $family })
        if ($own.Count -eq 0) {
            $family = $addresses[0].AddressFamily
            $own = $addresses
        }
        $client = [System.Activator]::CreateInstance([System.Net.Sockets.TcpClient], [object[]] @($family))
        $waiting = $client.BeginConnect([System.Net.IPAddress[]] $own, $door, $null, $null)
        if (-not $waiting.AsyncWaitHandle.WaitOne([int] [System.Math]::Max(1, ($Until - [datetime]::Now).TotalMilliseconds))) { return }
        $client.EndConnect($waiting)
        $stream = $client.GetStream()
        $client.ReceiveTimeout = [int] [System.Math]::Max(1, ($Until - [datetime]::Now).TotalMilliseconds)
        $client.SendTimeout = $client.ReceiveTimeout
        if ($ProxyName) {
            $Found['stage'] = 'proxy'
            $asked = [System.Text.Encoding]::ASCII.GetBytes("CONNECT ${Name}:$Port HTTP/1.1`r`nHost: ${Name}:$Port`r`n`r`n")
            $stream.Write($asked, 0, $asked.Length)
            $answer = ''
            while (-not $answer.EndsWith("`r`n`r`n", 'Ordinal') -and $answer.Length -lt 8192 -and [datetime]::Now -lt $Until) {
                $byte = $stream.ReadByte()
                if ($byte -lt 0) { break }
                $answer += [char] $byte
            }
            $status = 0
            if ($answer -match '^HTTP/1\.[01] (\d{3})\b') { $status = [int] $Matches[1] }
            if ($status -ne 200) {
                $Found['error'] = $status
                return
            }
        }
        $Found['stage'] = 'tls'
        $trust = [System.Net.Security.RemoteCertificateValidationCallback] {
            param($from, $certificate, $chain, $wrong)
            $Found['distrust'] = [int] $wrong
            return $true
        }
        $secure = [System.Activator]::CreateInstance([System.Net.Security.SslStream], [object[]] @($stream, $false, $trust))
        # 4032: TLS 1.0, 1.1 and 1.2, whichever Windows has switched on; older .NET would not offer 1.2 by itself
        $secure.AuthenticateAsClient($Name, $null, [System.Security.Authentication.SslProtocols] 4032, $false)
        $issuer = [string] $secure.RemoteCertificate.Issuer
        $Found['issuer'] = $issuer.Substring(0, [System.Math]::Min(300, $issuer.Length))
        $Found['protocol'] = [string] $secure.SslProtocol
        $Found['stage'] = 'done'
    }
    catch {
        $cause = $_.Exception
        while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
        $number = $cause.HResult
        if ($cause -is [System.ComponentModel.Win32Exception]) { $number = $cause.NativeErrorCode }
        if ($cause -is [System.Net.Sockets.SocketException]) { $number = [int] $cause.SocketErrorCode }
        $Found['error'] = $number
    }
    finally {
        if ($null -ne $client) { $client.Close() }
    }
    if ($ProxyName) {
        # only now, and whatever comes of it: behind a proxy names may be known to nobody else
        try { $Found['addresses'] = @(foreach ($address in [System.Net.Dns]::GetHostAddresses($Name)) { $address.ToString() }) }
        catch { $Found['addresses'] = @() }
    }
}

function Get-RemediateProxyText {
    # Host and port of a proxy in the form that Windows keeps, `proxy:8080` or `http=a:80;https=b:8080`; nothing when there is none.
    param([string] $Text)
    $all = @($Text -split '[; ]+' | Where-Object -FilterScript { $_ })
    $own = @($all | Where-Object -FilterScript { $_ -like 'https=*' }) + @($all | Where-Object -FilterScript { $_ -notlike '*=*' })
    if ($own.Count -eq 0) { return }
    $bare = $own[0] -replace '^https=', '' -replace '^https?://', '' -replace '/.*$', ''
    if ($bare -match '^([A-Za-z0-9.-]{1,253}):(\d{1,5})$') { return $bare }
    if ($bare -match '^[A-Za-z0-9.-]{1,253}$') { return $bare + ':80' }
}

function Get-RemediateProxy {
    # The proxy that a service of this host would take, which setting says so, and for which names it is passed by: the one
    # that is given, SYSTEM's, or that of WinHTTP.
    param([string] $Own)
    if ($Own) { return @{ proxy = $Own; from = 'given'; bypass = @() } }
    $below = '\Software\Microsoft\Windows\CurrentVersion\Internet Settings'
    $system = 'HKEY_USERS\S-1-5-18' + $below
    $policy = Get-RemediateRegistryData -Key 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings' -Name 'ProxySettingsPerUser'
    if ($null -ne $policy -and $policy['data'] -eq 0) { $system = 'HKEY_LOCAL_MACHINE' + $below }
    $switch = Get-RemediateRegistryData -Key $system -Name 'ProxyEnable'
    $server = Get-RemediateRegistryData -Key $system -Name 'ProxyServer'
    if ($null -ne $switch -and $switch['data'] -eq 1 -and $null -ne $server) {
        $proxy = Get-RemediateProxyText -Text ([string] $server['data'])
        $bypass = Get-RemediateRegistryData -Key $system -Name 'ProxyOverride'
        if ($null -eq $bypass) { $bypass = @{ data = '' } }
        if ($proxy) { return @{ proxy = $proxy; from = 'system'; bypass = @([string] $bypass['data'] -split '[; ]+') } }
    }
    # 8: flags, of which 2 is a proxy of its own; 12: length of its text, which follows; then the same of what passes it by
    $winhttp = Get-RemediateRegistryData -Key ('HKEY_LOCAL_MACHINE' + $below + '\Connections') -Name 'WinHttpSettings'
    if ($null -ne $winhttp -and $winhttp['type'] -eq 'Binary') {
        $bytes = @($winhttp['data'])
        if ($bytes.Count -gt 16 -and $bytes[8] -band 2) {
            $length = $bytes[12] + 256 * $bytes[13]
            if ($length -gt 0 -and 16 + $length -le $bytes.Count) {
                $proxy = Get-RemediateProxyText -Text (-join [char[]] @($bytes[16..(15 + $length)]))
                $rest = @($bytes | Select-Object -Skip (16 + $length + 4))
                $bypass = @((-join [char[]] @($rest | Where-Object -FilterScript { $_ -ge 32 -and $_ -lt 127 })) -split '[; ]+')
                if ($proxy) { return @{ proxy = $proxy; from = 'winhttp'; bypass = $bypass } }
            }
        }
    }
    return @{ proxy = ''; from = 'nowhere'; bypass = @() }
}

# surface: allow language-mode - it refuses where the mode is another one
function Get-RemediateNetworkProbe {
    # One attempt for each name. What is not done when the time is up is told as far as it got, and left alone.
    param([object[]] $Names, [string] $Proxy, [int] $Port)
    if ($ExecutionContext.SessionState.LanguageMode -ne 'FullLanguage') {
        Stop-RemediateCall -ErrorId 'RemediateConstrained' -Message 'Trying the network needs PowerShell in FullLanguage mode.'
    }
    $until = (Get-Date).AddSeconds([System.Math]::Min(13, [int] (Get-RemediateSecondsLeft) - 1))
    $way = Get-RemediateProxy -Own $Proxy
    $state = [initialsessionstate]::CreateDefault2()
    $worker = Get-Command -Name Test-RemediateEndpoint -CommandType Function
    # surface: allow type - a part of the engine since PowerShell 2.0, which the lists of types leave out
    $state.Commands.Add((New-Object -TypeName System.Management.Automation.Runspaces.SessionStateFunctionEntry -ArgumentList $worker.Name, $worker.Definition))
    $pool = [runspacefactory]::CreateRunspacePool($state)
    $null = $pool.SetMaxRunspaces($Names.Count)
    $pool.Open()
    $all = @(foreach ($name in $Names) {
            $passed = @($way['bypass'] | Where-Object -FilterScript { ($_ -eq '<local>' -and $name -notlike '*.*') -or ($_ -and $name -like $_) }).Count -gt 0
            $found = [hashtable]::Synchronized(@{ addresses = @(); stage = 'name'; error = $null; protocol = ''; issuer = ''; distrust = 0 })
            $arguments = @{ Found = $found; Name = $name; Port = $Port; ProxyName = ''; ProxyPort = 0; Until = $until }
            if ($way['proxy'] -and -not $passed) {
                $arguments['ProxyName'], $arguments['ProxyPort'] = $way['proxy'] -split ':'
                $found['stage'] = 'connect'
            }
            $shell = [powershell]::Create()
            $shell.RunspacePool = $pool
            $null = $shell.AddCommand($worker.Name).AddParameters($arguments)
            @{ name = $name; proxied = [bool] $arguments['ProxyName']; found = $found; shell = $shell; handle = $shell.BeginInvoke() }
        })
    foreach ($one in $all) { $null = $one['handle'].AsyncWaitHandle.WaitOne([int] [System.Math]::Max(0, ($until - (Get-Date)).TotalMilliseconds)) }
    foreach ($one in $all) {
        $found = $one['found'].Clone()
        if (-not $one['handle'].IsCompleted) { $null = $one['shell'].BeginStop($null, $null) }
        $result = [ordered]@{ name = $one['name']; port = $Port; addresses = @($found['addresses']); proxy = ''; proxy_from = 'nowhere' }
        if ($one['proxied']) {
            $result['proxy'] = $way['proxy']
            $result['proxy_from'] = $way['from']
        }
        foreach ($name in 'stage', 'error', 'protocol', 'issuer', 'distrust') { $result[$name] = $found[$name] }
        $result
    }
    $null = $pool.BeginClose($null, $null)
}
