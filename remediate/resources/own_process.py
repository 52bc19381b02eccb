"""What may never return, or runs code that is not ours, is done in a process of its own."""

from pathlib import Path

OWN_PROCESS = Path(__file__).with_suffix(".ps1")
"""`Invoke-RemediateOwnProcess`."""
