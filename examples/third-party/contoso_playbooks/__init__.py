"""Playbooks of one company, and the resources that they need."""
