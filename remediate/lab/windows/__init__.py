"""Stand-in Windows for the lab's `powershell` engine: commands, and the state they work on.

The folders here are PowerShell modules, found through PSModulePath as on Windows. What is known
and what is inferred about the commands stands in each of them.
"""
