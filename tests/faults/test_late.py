"""A pipeline that the host begins only after the verdict was given."""

from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.engine.job import Job
from remediate.lab.engines.functions import answer
from remediate.lab.lab import Lab
from remediate.lab.server.faults import Action, Fault, Step
from remediate.model.outcome import Outcome
from tests.faults import received
from tests.faults.controller import apply_run, engine_for, open_store
from tests.faults.matrix import ALWAYS
from tests.faults.truth import resources


@pytest.mark.parametrize("count", [1, ALWAYS], ids=["looked again", "reconciled"])
def test_a_pipeline_that_was_given_up_writes_nothing_when_it_comes_late(
    count: int, job: Job, new_store: Callable[[], Path]
) -> None:
    """The request reached the host, which was too busy to begin it before we looked again."""
    lost = Fault(match=Step.COMMAND, nth=2, count=count, do=Action.DROP)
    with Lab(faults=[lost]) as lab, open_store(new_store()) as store:
        [host] = lab.hosts
        start = resources(host.state)
        engine = engine_for(store, host.password)
        list(engine.apply([host.target()], job, apply_run()))
        lab.faults = ()
        list(engine.reconcile())
        [record] = store.run(apply_run().id).hosts
        assert record.outcome is Outcome.FAILED_UNCHANGED

        [late] = [
            request
            for request in received.requests(host)
            if any(call.function.startswith("Set-") for call in request.calls)
        ]
        answer(host.state, late)
        assert start == resources(host.state)
