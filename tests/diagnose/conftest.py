"""The catalogue, read once."""

import pytest

from remediate.diagnose.catalogue import load
from remediate.diagnose.matching import Matcher


@pytest.fixture(scope="session")
def matcher() -> Matcher:
    return Matcher(load())
