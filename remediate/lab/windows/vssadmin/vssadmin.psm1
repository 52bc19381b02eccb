# Stand-in for vssadmin.exe: resize and add of shadow storage. What it says is in the host's language, and no use to a program.

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')

$script:Smallest = @{ resize = 1MB; add = 320MB }
$script:Units = @{ '' = 1; KB = 1KB; MB = 1MB; GB = 1GB; TB = 1TB; PB = 1PB }
# English as Windows prints it, where it is known; the rest are our own words, there to catch code that reads them.
$script:Texts = @{
    en = @{
        Banner  = 'vssadmin 1.1 - Volume Shadow Copy Service administrative command-line tool'
        resize  = 'Successfully resized the shadow copy storage association'
        add     = 'Successfully added the shadow copy storage association'
        Denied  = "Error: You don't have the correct permissions to run this command."
        Usage   = 'Error: Invalid command.'
        Missing = 'Error: The specified volume shadow copy storage association was not found.'
        There   = 'Error: The specified shadow copy storage association already exists.'
        Volume  = 'Error: Either the specified volume was not found or it is not a local volume.'
        Ntfs    = 'Error: The volume cannot hold shadow copy storage.'
        Size    = 'Error: Specified number is invalid'
    }
    de = @{
        Banner  = 'vssadmin 1.1 - Verwaltungsbefehlszeilenprogramm des Volumeschattenkopie-Dienstes'
        resize  = 'Die Größe der Schattenkopie-Speicherassoziation wurde geändert'
        add     = 'Die Schattenkopie-Speicherassoziation wurde hinzugefügt'
        Denied  = 'Fehler: Sie verfügen nicht über die Berechtigung zum Ausführen dieses Befehls.'
        Usage   = 'Fehler: Ungültiger Befehl.'
        Missing = 'Fehler: Die Schattenkopie-Speicherassoziation wurde nicht gefunden.'
        There   = 'Fehler: Die Schattenkopie-Speicherassoziation ist bereits vorhanden.'
        Volume  = 'Fehler: Das Volume wurde nicht gefunden oder ist kein lokales Volume.'
        Ntfs    = 'Fehler: Das Volume kann keinen Schattenkopiespeicher enthalten.'
        Size    = 'Fehler: Die angegebene Zahl ist ungültig'
    }
    ko = @{
        Banner  = 'vssadmin 1.1 - 볼륨 섀도 복사본 서비스 관리 명령줄 도구'
        resize  = '섀도 복사본 저장소 연결의 크기를 조정했습니다.'
        add     = '섀도 복사본 저장소 연결을 추가했습니다.'
        Denied  = '오류: 이 명령을 실행할 권한이 없습니다.'
        Usage   = '오류: 잘못된 명령입니다.'
        Missing = '오류: 섀도 복사본 저장소 연결을 찾을 수 없습니다.'
        There   = '오류: 섀도 복사본 저장소 연결이 이미 있습니다.'
        Volume  = '오류: 볼륨을 찾을 수 없거나 로컬 볼륨이 아닙니다.'
        Ntfs    = '오류: 이 볼륨에는 섀도 복사본 저장소를 둘 수 없습니다.'
        Size    = '오류: 지정한 숫자가 잘못되었습니다.'
    }
}

function Find-Volume {
    # The volume with this drive letter, mount path or id; vssadmin takes it with and without the backslash.
    param([System.Collections.IDictionary] $State, [string] $Name)
    return (Get-LabSection -State $State -Name 'volumes') | Where-Object -FilterScript { $Name.TrimEnd('\') -in $_['name'].TrimEnd('\'), $_['id'].TrimEnd('\') -and $_['drive_type'] -eq 3 } | Select-Object -First 1
}

function Get-Limit {
    # A maximum in bytes; -1 for what is none.
    param([AllowNull()] [string] $Size, [System.Collections.IDictionary] $DiffVolume)
    if (-not $Size -or $Size -ieq 'UNBOUNDED') { return [uint64]::MaxValue }
    if ($Size -notmatch '^(?<number>\d{1,20})(?<unit>[KMGTP]B|%|)$') { return -1 }
    if ($Matches['unit'] -eq '%') { return [bigint] $DiffVolume['capacity'] * [bigint] $Matches['number'] / 100 }
    return [bigint] $Matches['number'] * [bigint] $script:Units[$Matches['unit']]
}

function Set-Storage {
    # Carries out one command; the name of the text that says how it went.
    param([System.Collections.IDictionary] $State, [string] $Verb, [hashtable] $Option)
    if ($State['denied']['shadow_storage']) { return 'Denied' }
    $volume = Find-Volume -State $State -Name $Option['for']
    $diff = Find-Volume -State $State -Name $Option['on']
    if ($null -eq $volume -or $null -eq $diff) { return 'Volume' }
    $limit = Get-Limit -Size $Option['maxsize'] -DiffVolume $diff
    if ($limit -lt $script:Smallest[$Verb]) { return 'Size' }
    if ($limit -lt 1PB * 1024) { $limit = Get-LabSavedSize -Kind 'shadow_storage' -Size $limit -Volume $(if ($null -eq $diff['capacity']) { 0 } else { $diff['capacity'] }) }
    $same = @((Get-LabSection -State $State -Name 'shadow_storages') | Where-Object -FilterScript { $_['volume'] -eq $volume['id'] })
    if ($Verb -eq 'add') {
        if ($same.Count) { return 'There' }
        if ($diff['file_system'] -ne 'NTFS') { return 'Ntfs' }
        (Get-LabSection -State $State -Name 'shadow_storages' -Add).Add([ordered]@{
                volume = $volume['id']; diff_volume = $diff['id']; max_space = [string] $limit; used_space = '0'; allocated_space = '0'
            })
        return $Verb
    }
    $storage = $same | Where-Object -FilterScript { $_['diff_volume'] -eq $diff['id'] } | Select-Object -First 1
    if ($null -eq $storage) { return 'Missing' }
    $lower = $limit -lt [bigint] $storage['max_space']
    $storage['max_space'] = [string] $limit
    if ($lower -and [bigint] $storage['used_space'] -gt $limit) {
        # the oldest copy goes to make room
        $storage['used_space'] = $storage['allocated_space'] = [string] $limit
        $oldest = (Get-LabSection -State $State -Name 'shadow_copies') | Where-Object -FilterScript { $_['volume'] -eq $volume['id'] } | Sort-Object -Property { $_['created'] } | Select-Object -First 1
        if ($null -ne $oldest) { $null = $State['shadow_copies'].Remove($oldest) }
    }
    return $Verb
}

function vssadmin.exe {
    # No parameters: a program gets its words as they are. A security product may not let it start.
    if (Test-LabLack -Kind 'vssadmin') {
        throw [System.Management.Automation.ApplicationFailedException]::new("Program 'vssadmin.exe' failed to run: Access is denied")
    }
    $option = @{}
    $words = @(foreach ($word in $args) {
            if ([string] $word -match '^/(?<name>for|on|maxsize)=(?<value>.+)$') { $option[$Matches['name'].ToLowerInvariant()] = $Matches['value'] }
            else { ([string] $word).ToLowerInvariant() }
        })
    $texts = $script:Texts[(Get-LabState)['culture'].Split('-')[0]]
    $known = ($words -join ' ') -in 'resize shadowstorage', 'add shadowstorage' -and $option.ContainsKey('for') -and $option.ContainsKey('on')
    if (-not $option.ContainsKey('maxsize')) { $option['maxsize'] = $null }
    $said = if ($known) { Update-LabState -Action { param($State) Set-Storage -State $State -Verb $words[0] -Option $option } } else { 'Usage' }
    $texts['Banner']
    $texts[$said]
    $global:LASTEXITCODE = if ($said -in 'resize', 'add') { 0 } else { 2 }
}

Export-ModuleMember -Function 'vssadmin.exe'
