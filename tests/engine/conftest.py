import pytest

from remediate.engine.job import Job, Task
from remediate.playbook.catalogue import Catalogue
from tests.engine.world import World


@pytest.fixture(scope="session")
def job() -> Job:
    playbook = Catalogue().load("schedule-fix")
    return Job((Task(playbook, playbook.params()),))


@pytest.fixture
def world() -> World:
    return World()
