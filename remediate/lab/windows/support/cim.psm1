# Objects that look like CIM instances, and errors that look like those of CIM commands.
# The genuine CimInstance needs a native library that only Windows has.

Set-StrictMode -Version Latest

$script:Assembly = [System.Reflection.Emit.AssemblyBuilder]::DefineDynamicAssembly(
    [System.Reflection.AssemblyName]::new('LabCim' + [guid]::NewGuid().ToString('N')), 'Run')
$script:Module = $script:Assembly.DefineDynamicModule('types')
$script:Cim = 'Microsoft.Management.Infrastructure.CimInstance'
$script:Kinds = @{}

function Register-LabEnum {
    # An enum of a generated module, under its real name; once in a process.
    param([string] $Name, [System.Collections.IDictionary] $Values)
    if ($Name -as [type]) { return }
    $builder = $script:Module.DefineEnum($Name, 'Public', [int])
    foreach ($entry in $Values.GetEnumerator()) { $null = $builder.DefineLiteral($entry.Key, [int] $entry.Value) }
    $null = $builder.CreateTypeInfo()
}

function Register-LabException {
    # An exception type of Windows that is not here, under its real name; once in a process.
    param([string] $Name)
    if ($Name -as [type]) { return }
    $builder = $script:Module.DefineType($Name, 'Public, Class', [System.SystemException])
    $text = [type[]] @([string])
    $maker = $builder.DefineConstructor('Public', 'Standard', $text)
    $code = $maker.GetILGenerator()
    $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_0)
    $code.Emit([System.Reflection.Emit.OpCodes]::Ldarg_1)
    $code.Emit([System.Reflection.Emit.OpCodes]::Call, [System.SystemException].GetConstructor($text))
    $code.Emit([System.Reflection.Emit.OpCodes]::Ret)
    $null = $builder.CreateTypeInfo()
}

function Register-LabClass {
    # How instances of a class show their properties. Enums show their text, and nothing for a number they have
    # no name for, as the types file of the module does on Windows; the number is in CimInstanceProperties.
    param([string] $Class, [string[]] $Property, [hashtable] $Enum = @{}, [string[]] $Display)
    $data = [System.Management.Automation.Runspaces.TypeData]::new("$script:Cim#$Class")
    foreach ($name in $Property) {
        $get = "`$this.CimInstanceProperties['$name'].Value"
        $set = "$get = `$args[0]"
        if ($Enum.ContainsKey($name)) {
            $type = $Enum[$name]
            $set = "$get = [uint32] [$type] `$args[0]"
            $get = "`$number = $get; if ([System.Enum]::IsDefined([$type], [int] `$number)) { [$type] [int] `$number }"
        }
        $member = [System.Management.Automation.Runspaces.ScriptPropertyData]::new(
            $name, [scriptblock]::Create($get), [scriptblock]::Create($set))
        $data.Members.Add($name, $member)
    }
    if ($Display) {
        $data.DefaultDisplayPropertySet = [System.Management.Automation.Runspaces.PropertySetData]::new($Display)
    }
    Update-TypeData -TypeData $data -Force
}

function New-LabInstance {
    # An instance of a registered class. Class: its name, then those of the classes it derives from.
    param($Namespace, $Class, $Values)
    $kind = $script:Kinds[$Class -join ' ']
    if ($null -eq $kind) {
        $system = [pscustomobject]@{ ClassName = @($Class)[0]; Namespace = $Namespace; ServerName = $env:COMPUTERNAME; Path = $null }
        $kind = @{
            System = $system
            Class  = [pscustomobject]@{ CimClassName = @($Class)[0]; CimSystemProperties = $system }
            Names  = @(foreach ($one in $Class) { "$script:Cim#$Namespace/$one" }) + @(foreach ($one in $Class) { "$script:Cim#$one" }) +
            @($script:Cim, 'System.Object')
        }
        $script:Kinds[$Class -join ' '] = $kind
    }
    $raw = [pscustomobject] $Values
    $object = [pscustomobject]@{
        CimClass              = $kind['Class']
        CimInstanceProperties = $raw.PSObject.Properties
        CimSystemProperties   = $kind['System']
        PSComputerName        = $null
    }
    $names = $object.PSObject.TypeNames
    $names.Clear()
    foreach ($name in $kind['Names']) { $names.Add($name) }
    return $object
}

function New-LabCimError {
    # An error record whose id carries the number of the error, as CIM commands make it.
    param([string] $Message, [string] $Id, [System.Management.Automation.ErrorCategory] $Category, $Target,
        [type] $Exception = [Microsoft.Management.Infrastructure.CimException])
    return [System.Management.Automation.ErrorRecord]::new($Exception::new($Message), $Id, $Category, $Target)
}

function Assert-LabImplemented {
    # Stops a command that was given parameters which the stand-in does not act on.
    param([System.Collections.IDictionary] $Bound, [string[]] $Known)
    $common = [System.Management.Automation.Cmdlet]::CommonParameters
    foreach ($name in $Bound.Keys) {
        if ($name -notin $Known -and $name -notin $common) {
            throw [System.NotImplementedException]::new("The stand-in for this command does not implement -$name.")
        }
    }
}

Export-ModuleMember -Function '*-Lab*'
