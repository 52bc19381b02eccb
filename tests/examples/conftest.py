"""Commands run in this process, and what they set up for one of their own is put back."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    """Commands set up logging for a process of their own."""
    yield
    for logger in (logging.getLogger(), logging.getLogger("remediate")):
        for handler in list(logger.handlers):
            if type(handler).__module__ == "remediate.cli.logs":
                logger.removeHandler(handler)
    logging.getLogger().setLevel(logging.WARNING)
