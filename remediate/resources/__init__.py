"""Kinds of things on a Windows host: one Python model and one PowerShell file each."""
