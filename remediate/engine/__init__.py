"""Works a host through a run: observe, plan, apply, verify, roll back."""
