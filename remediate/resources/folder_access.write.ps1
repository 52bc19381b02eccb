# Folders: their owner, and who may do what in them.

function Set-RemediateFolderAccess {
    # Writes the owner or the access list of a folder. What is audited goes with it, as Set-Acl takes away what was not read.
    param($Current, [hashtable] $After)
    if (([int] $Current['item'].Attributes -band 0x400) -ne 0) {
        Stop-RemediateCall -ErrorId 'RemediateRefused' -Message 'The folder leads elsewhere, so that another one would be written.'
    }
    $acl = Get-Acl -LiteralPath $Current['path'] -Audit
    # surface: allow language-mode - reading where the folder is needs FullLanguage already
    if ($After.ContainsKey('owner')) { $acl.SetSecurityDescriptorSddlForm('O:' + $After['owner'], 'Owner') }
    # surface: allow language-mode - as above
    if ($After.ContainsKey('access')) { $acl.SetSecurityDescriptorSddlForm('D:' + $After['access'], 'Access') }
    Set-Acl -LiteralPath $Current['path'] -AclObject $acl
}
