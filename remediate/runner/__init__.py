"""How hosts are worked through."""

from remediate.runner.loop import Loop
from remediate.runner.protocol import Runner
from remediate.runner.serial import Serial

__all__ = ["Loop", "Runner", "Serial"]
