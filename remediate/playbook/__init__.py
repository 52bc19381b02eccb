"""What a playbook's author needs: everything that a playbook file imports comes from here."""

from pydantic import Field

from remediate.model.change import Severity
from remediate.model.plan import Advice
from remediate.playbook.base import Finding, Playbook, PlaybookParams, Seen

__all__ = ["Advice", "Field", "Finding", "Playbook", "PlaybookParams", "Seen", "Severity"]
