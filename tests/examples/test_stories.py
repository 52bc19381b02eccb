"""What the stories in examples show is what one sees."""

from pathlib import Path

import pytest

from remediate.lab.engines.path import HOW_TO_GET_ONE, find_pwsh
from remediate.lab.engines.powershell import PowerShellEngine
from tests.drawn import drawn
from tests.examples.stories import EXAMPLES, STATES, settled, stories, tell

OFTEN = 2
"""Stories that an ordinary run tells: each is several commands in processes of their own."""


@pytest.mark.parametrize(
    "story",
    [
        pytest.param(one, id=one.stem, marks=() if at < OFTEN else pytest.mark.slow)
        for at, one in enumerate(stories())
    ],
)
def test_a_story_shows_what_its_commands_print(story: Path) -> None:
    """Else look at what changed, and run: python -m tests.examples."""
    told = tell(story)
    assert settled(told.text) == settled(story.read_text(encoding="utf-8"))
    assert told.undone
    assert not told.left


@pytest.mark.slow
@pytest.mark.powershell
@pytest.mark.parametrize("story", drawn(stories(), 1, "stories"), ids=lambda story: story.stem)
def test_a_story_is_the_same_in_a_real_powershell(story: Path) -> None:
    """The output that is shown came from the simulated engine."""
    if find_pwsh() is None:
        pytest.skip(f"no PowerShell engine: {HOW_TO_GET_ONE}")
    told = tell(story, PowerShellEngine())
    assert settled(told.text) == settled(story.read_text(encoding="utf-8"))
    assert told.undone
    assert not told.left


def test_every_story_has_its_host_and_stands_in_the_list() -> None:
    names = {story.stem for story in stories()}
    assert {path.stem for path in STATES.glob("*.json")} == names
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if f"({name}.md)" not in listed] == []


def test_ids_of_runs_and_times_are_all_that_may_differ() -> None:
    one = "run 20260504-030000-a1b2, from 2026-05-04 03:00:00 UTC to 2026-05-04T03:00:05Z"
    other = "run 20260505-040000-ffff, from 2026-05-05 04:00:00 UTC to 2026-05-05T04:00:09Z"
    assert settled(one) == settled(other)
    assert settled("run 20260504-030000-a1b2 failed") != settled("run 20260504-030000-a1b2 ended")
