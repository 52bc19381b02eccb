"""Public helpers for those who write playbooks: fakes of every seam."""
