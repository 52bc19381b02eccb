"""How hosts are worked through."""

from remediate.runner.threads import Runner, Serial, Threads

__all__ = ["Runner", "Serial", "Threads"]
