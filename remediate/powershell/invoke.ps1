# Sent last in every script.
Invoke-RemediateRequest -Request $Request
