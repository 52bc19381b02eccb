# Programs that do not come with every Windows.
function Test-Program {
    devcon.exe enable '*' # expect: native
    curl.exe --version # expect: native [ws2012r2, ws2012r2-wmf5.1, ws2016], native-error
    tzutil.exe /g # expect: native-error
    & "$env:windir\System32\devcon.exe" enable '*' # expect: native
}
