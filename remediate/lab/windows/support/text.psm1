# What Windows says, in the languages that the stand-in speaks. Numbers and ids are the same in all of them.
# English as Windows prints it; German and Korean are our own words, there to catch code that compares texts.

Set-StrictMode -Version Latest

$script:Texts = @{
    en = @{
        NotFoundBy   = "No MSFT_ScheduledTask objects found with property '{0}' equal to '{1}'.  Verify the value of the property and retry."
        NotFound     = 'No matching MSFT_ScheduledTask objects found by CIM query. Verify query parameters and retry.'
        Denied       = 'Access is denied.'
        Malformed    = 'The task XML is malformed.'
        NoFile       = 'The system cannot find the file specified.'
        LogonFailure = 'The user name or password is incorrect.'
        InvalidClass = 'Invalid class'
        Caption      = 'Microsoft Windows Server 2019 Datacenter'
    }
    de = @{
        NotFoundBy   = "Es wurden keine MSFT_ScheduledTask-Objekte mit der Eigenschaft '{0}' und dem Wert '{1}' gefunden. Überprüfen Sie den Wert."
        NotFound     = 'Bei der CIM-Abfrage wurden keine passenden MSFT_ScheduledTask-Objekte gefunden.'
        Denied       = 'Zugriff verweigert'
        Malformed    = 'Die Aufgaben-XML ist fehlerhaft.'
        NoFile       = 'Das System kann die angegebene Datei nicht finden.'
        LogonFailure = 'Der Benutzername oder das Kennwort ist falsch.'
        InvalidClass = 'Ungültige Klasse'
        Caption      = 'Microsoft Windows Server 2019 Datacenter'
    }
    ko = @{
        NotFoundBy   = "'{0}' 속성이 '{1}'인 MSFT_ScheduledTask 개체를 찾을 수 없습니다. 속성 값을 확인한 후 다시 시도하세요."
        NotFound     = '일치하는 MSFT_ScheduledTask 개체를 CIM 쿼리에서 찾을 수 없습니다.'
        Denied       = '액세스가 거부되었습니다.'
        Malformed    = '작업 XML의 형식이 잘못되었습니다.'
        NoFile       = '지정된 파일을 찾을 수 없습니다.'
        LogonFailure = '사용자 이름 또는 암호가 올바르지 않습니다.'
        InvalidClass = '잘못된 클래스'
        Caption      = 'Microsoft Windows Server 2019 Datacenter'
    }
}

function Get-LabText {
    # A text in a host's language.
    param([string] $Culture, [string] $Name, [object[]] $Value = @())
    return [string]::Format([cultureinfo]::InvariantCulture, $script:Texts[$Culture.Split('-')[0]][$Name], $Value)
}

Export-ModuleMember -Function 'Get-LabText'
