# Code that is compiled or loaded.
function Test-Load {
    Add-Type -AssemblyName System.IO.Compression.FileSystem # expect: add-type
    Add-Type -TypeDefinition 'public class A {}' # expect: add-type
}
