# The provider `Registry` with its drives HKLM: and HKCU:, as a class of PowerShell.
# Known: cmdlets, kinds, which errors there are and their ids. A path inside the provider is that of the key.
# Not as on Windows: what a method of a key throws has another id than a .NET method's exception would have.

using namespace System.Management.Automation
using namespace System.Management.Automation.Provider
using namespace System.Collections.ObjectModel

Set-StrictMode -Version Latest
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath 'store.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/trouble.psm1')
Import-Module -Name (Join-Path -Path $PSScriptRoot -ChildPath '../support/state.psm1')

class RegistryKey {
    # What Get-Item gives; a copy, as of the moment when it was made.
    [string] $Name
    [int] $SubKeyCount
    [int] $ValueCount
    hidden [object] $Key

    RegistryKey([string] $path, [object] $state) {
        $this.Name = $path
        $this.Key = Find-LabKey -State $state -Path $path
        $this.SubKeyCount = @(Get-LabSubkey -State $state -Path $path).Count
        $this.ValueCount = $this.GetValueNames().Count
    }

    [string[]] GetValueNames() {
        if ($null -eq $this.Key) { return [string[]] @() }
        return [string[]] @(foreach ($value in $this.Key['values']) { $value['name'] })
    }

    [object] GetValue([string] $name) { return $this.GetValue($name, $null) }

    [object] GetValue([string] $name, [object] $default) {
        return $this.GetValue($name, $default, [Microsoft.Win32.RegistryValueOptions]::None)
    }

    [object] GetValue([string] $name, [object] $default, [Microsoft.Win32.RegistryValueOptions] $options) {
        $value = $this.Find($name)
        if ($null -eq $value) { return $default }
        $data = ConvertFrom-LabData -Value $value
        if ($value['type'] -eq 'ExpandString' -and $options -eq [Microsoft.Win32.RegistryValueOptions]::None) {
            return [System.Environment]::ExpandEnvironmentVariables($data)
        }
        return $data
    }

    [Microsoft.Win32.RegistryValueKind] GetValueKind([string] $name) {
        $value = $this.Find($name)
        if ($null -eq $value) { throw [System.IO.IOException]::new('The specified registry key does not exist.') }
        return [Microsoft.Win32.RegistryValueKind] $value['type']
    }

    [void] Close() { }

    [string] ToString() { return $this.Name }

    hidden [object] Find([string] $name) {
        if ($null -eq $this.Key) { return $null }
        return Find-LabValue -Key $this.Key -Name $name
    }
}

class TypeParameters {
    # What Set-ItemProperty has besides on registry paths.
    [Parameter(ValueFromPipelineByPropertyName)] [Microsoft.Win32.RegistryValueKind] $Type
}

[CmdletProvider('Registry', [ProviderCapabilities]::ShouldProcess)]
class Registry : NavigationCmdletProvider, IPropertyCmdletProvider, IDynamicPropertyCmdletProvider {
    # --- paths: keys are joined by a backslash; a slash is taken for one, as on Windows ---

    [Collection[PSDriveInfo]] InitializeDefaultDrives() {
        $drives = [Collection[PSDriveInfo]]::new()
        $drives.Add([PSDriveInfo]::new('HKLM', $this.ProviderInfo, 'HKEY_LOCAL_MACHINE', '', $null))
        $drives.Add([PSDriveInfo]::new('HKCU', $this.ProviderInfo, 'HKEY_CURRENT_USER', '', $null))
        return $drives
    }

    [bool] IsValidPath([string] $path) { return $true }

    hidden [string] Clean([string] $path) { return $path.Replace('/', '\').Trim('\') }

    hidden [object[]] Matching([RegistryKey] $item, [string] $name) {
        # Those names of values that are meant: beside -LiteralPath a name is no pattern either (RegistryProvider.cs, RemoveProperty).
        $way = [System.Reflection.BindingFlags] 'Public, NonPublic, Instance'
        $context = [CmdletProvider].GetProperty('Context', $way).GetValue($this)
        $literal = $context.GetType().GetProperty('SuppressWildcardExpansion', $way).GetValue($context)
        $pattern = [WildcardPattern]::new($name, 'IgnoreCase')
        return @(foreach ($there in $item.GetValueNames()) {
                $shown = if ($there) { $there } else { '(default)' }
                if ($literal) { if ([string]::Equals($shown, $name, 'OrdinalIgnoreCase')) { $there } }
                elseif ($pattern.IsMatch($shown)) { $there }
            })
    }

    # --- keys ---

    [bool] ItemExists([string] $path) { return Test-LabKey -State (Get-LabState) -Path $this.Clean($path) }

    [bool] IsItemContainer([string] $path) { return $this.ItemExists($path) }

    [bool] HasChildItems([string] $path) { return [bool] @(Get-LabSubkey -State (Get-LabState) -Path $this.Clean($path)).Count }

    [void] GetItem([string] $path) { $this.Emit($this.Clean($path)) }

    [void] GetChildItems([string] $path, [bool] $recurse) {
        foreach ($name in @(Get-LabSubkey -State (Get-LabState) -Path $this.Clean($path))) {
            $child = $this.Clean($path) + '\' + $name
            $this.Emit($child)
            if ($recurse) { $this.GetChildItems($child, $true) }
        }
    }

    [void] GetChildNames([string] $path, [ReturnContainers] $returnContainers) {
        foreach ($name in @(Get-LabSubkey -State (Get-LabState) -Path $this.Clean($path))) { $this.WriteItemObject($name, $name, $true) }
    }

    hidden [void] Emit([string] $path) {
        if ($this.Denied('read', $path)) { return }
        $null = Get-LabTrouble -Kind 'registry_value' -Seconds 0
        $item = [RegistryKey]::new($path, (Get-LabState))
                $names = [string[]] @(foreach ($name in $item.GetValueNames()) { if ($name) { $name } else { '(default)' } })
        $item.PSObject.Properties.Add([PSNoteProperty]::new('Property', $names))
        $this.WriteItemObject($item, $path, $true)
    }

    [void] NewItem([string] $path, [string] $type, [object] $value) {
        $clean = $this.Clean($path)
        if ($this.Denied('write', $clean)) { return }
        $state = Get-LabState
        if (-not $this.Force) {
            if (Test-LabKey -State $state -Path $clean) {
                $this.Fail([System.IO.IOException]::new('A key in this path already exists.'), 'System.IO.IOException', 'ResourceExists', $clean)
                return
            }
            if (-not (Test-LabKey -State $state -Path $clean.Substring(0, [System.Math]::Max(0, $clean.LastIndexOf('\'))))) {
                $this.Fail([System.IO.IOException]::new('The registry key at the specified path does not exist.'), 'System.IO.IOException', 'InvalidArgument', $clean)
                return
            }
        }
        if (-not $this.ShouldProcess($clean)) { return }
        $clear = [bool] $this.Force
        Update-LabState -Action {
            param($state)
            $key = Add-LabKey -State $state -Path $clean
            if ($clear) { $key['values'].Clear() }
        }
        $this.Emit($clean)
    }

    # --- values ---

    [void] GetProperty([string] $path, [Collection[string]] $names) {
        $clean = $this.Clean($path)
        if ($this.Denied('read', $clean)) { return }
        $item = [RegistryKey]::new($clean, (Get-LabState))
        $result = [psobject]::new()
        $all = $null -eq $names -or -not $names.Count
        $wanted = if ($all) { @('*') } else { @($names) }
        foreach ($name in $wanted) {
            $found = @(if ($all) { $item.GetValueNames() } else { $this.Matching($item, $name) })
            if (-not $found.Count -and -not [WildcardPattern]::ContainsWildcardCharacters($name)) {
                $this.Fail([PSArgumentException]::new("Property $name does not exist at path $clean."), 'System.Management.Automation.PSArgumentException', 'InvalidArgument', $clean)
            }
            foreach ($there in $found) {
                $shown = if ($there) { $there } else { '(default)' }
                if ($null -eq $result.PSObject.Properties[$shown]) { $result.PSObject.Properties.Add([PSNoteProperty]::new($shown, $item.GetValue($there))) }
            }
        }
        if (@($result.PSObject.Properties).Count) { $this.WritePropertyObject($result, $clean) }
    }

    [object] GetPropertyDynamicParameters([string] $path, [Collection[string]] $names) { return $null }

    [void] SetProperty([string] $path, [psobject] $values) {
        $clean = $this.Clean($path)
        if ($this.Denied('write', $clean) -or -not $this.ShouldProcess($clean)) { return }
        $kind = $null
        if ($this.DynamicParameters -is [TypeParameters] -and $this.DynamicParameters.Type) { $kind = $this.DynamicParameters.Type }
        foreach ($property in $values.PSObject.Properties) { $this.Write($clean, $property.Name, $property.Value, $kind) }
    }

    [object] SetPropertyDynamicParameters([string] $path, [psobject] $values) { return [TypeParameters]::new() }

    [void] ClearProperty([string] $path, [Collection[string]] $names) {
        throw [System.NotImplementedException]::new('The stand-in registry cannot clear properties.')
    }

    [object] ClearPropertyDynamicParameters([string] $path, [Collection[string]] $names) { return $null }

    [void] NewProperty([string] $path, [string] $name, [string] $type, [object] $value) {
        $clean = $this.Clean($path)
        if ($this.Denied('write', $clean)) { return }
        $item = [RegistryKey]::new($clean, (Get-LabState))
        if ($name -iin $item.GetValueNames() -and -not $this.Force) {
            $this.Fail([System.IO.IOException]::new('The property already exists.'), 'System.IO.IOException', 'ResourceExists', $clean)
            return
        }
        $kind = $null
        if ($type) { $kind = [Microsoft.Win32.RegistryValueKind] $type }
        if (-not $this.ShouldProcess($clean)) { return }
        $this.Write($clean, $name, $value, $kind)
        $result = [psobject]::new()
        $result.PSObject.Properties.Add([PSNoteProperty]::new($name, $value))
        $this.WritePropertyObject($result, $clean)
    }

    [object] NewPropertyDynamicParameters([string] $path, [string] $name, [string] $type, [object] $value) { return $null }

    [void] RemoveProperty([string] $path, [string] $name) {
        $clean = $this.Clean($path)
        if ($this.Denied('write', $clean)) { return }
        $found = @($this.Matching([RegistryKey]::new($clean, (Get-LabState)), $name))
        if (-not $found.Count -and -not [WildcardPattern]::ContainsWildcardCharacters($name)) {
            $this.Fail([PSArgumentException]::new("Property $name does not exist at path $clean."), 'System.Management.Automation.PSArgumentException', 'InvalidArgument', $clean)
        }
        if (-not $found.Count -or -not $this.ShouldProcess($clean)) { return }
        Update-LabState -Action {
            param($state)
            $key = Find-LabKey -State $state -Path $clean
            $null = $key['values'].RemoveAll([System.Predicate[object]] { param($value) $value['name'] -iin $found })
        }
    }

    [object] RemovePropertyDynamicParameters([string] $path, [string] $name) { return $null }

    [void] RenameProperty([string] $path, [string] $from, [string] $to) {
        throw [System.NotImplementedException]::new('The stand-in registry cannot rename properties.')
    }

    [object] RenamePropertyDynamicParameters([string] $path, [string] $from, [string] $to) { return $null }

    [void] CopyProperty([string] $path, [string] $name, [string] $toPath, [string] $to) {
        throw [System.NotImplementedException]::new('The stand-in registry cannot copy properties.')
    }

    [object] CopyPropertyDynamicParameters([string] $path, [string] $name, [string] $toPath, [string] $to) { return $null }

    [void] MoveProperty([string] $path, [string] $name, [string] $toPath, [string] $to) {
        throw [System.NotImplementedException]::new('The stand-in registry cannot move properties.')
    }

    [object] MovePropertyDynamicParameters([string] $path, [string] $name, [string] $toPath, [string] $to) { return $null }

    # --- writing, and what goes wrong ---

    hidden [void] Write([string] $path, [string] $name, [object] $data, [object] $kind) {
        $stored = if ($name -eq '(default)') { '' } else { $name }
        Update-LabState -Action {
            param($state)
            $key = Add-LabKey -State $state -Path $path
            $value = Find-LabValue -Key $key -Name $stored
            $type = $kind
            if ($null -eq $type -and $null -ne $value) { $type = [Microsoft.Win32.RegistryValueKind] $value['type'] }
            if ($null -eq $type) { $type = Get-LabKind -Data $data }
            if ($null -eq $value) {
                $value = [ordered]@{ name = $stored }
                $key['values'].Add($value)
            }
            $value['type'] = [string] $type
            $value['data'] = ConvertTo-LabData -Data $data -Kind $type
            if ($value['data'] -is [string]) {
                $value['type'], $value['data'] = (Get-LabSavedText -Kind 'registry_value' -Text ($value['type'] + ':' + $value['data'])).Split(':', 2)
            }
        }
    }

    hidden [bool] Denied([string] $access, [string] $path) {
        if (-not (Test-LabDenied -Kind 'registry_value' -Access $access)) { return $false }
        $this.Fail([System.Security.SecurityException]::new('Requested registry access is not allowed.'), 'System.Security.SecurityException', 'PermissionDenied', $path)
        return $true
    }

    hidden [void] Fail([System.Exception] $exception, [string] $id, [ErrorCategory] $category, [string] $target) {
        $this.WriteError([ErrorRecord]::new($exception, $id, $category, $target))
    }
}
