"""What runs pipelines on a practice host: a simulation, or a real PowerShell."""
