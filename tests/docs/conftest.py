"""As for the examples."""

from tests.examples.conftest import logging_put_back

__all__ = ["logging_put_back"]
