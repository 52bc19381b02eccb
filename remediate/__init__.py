"""Repair Windows servers over WinRM: audit, dry run, apply, verify, roll back."""

__version__ = "0.1.0"
