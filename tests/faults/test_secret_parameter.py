"""A secret that a playbook takes as a parameter appears nowhere either."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from remediate.lab.lab import Lab
from remediate.model.outcome import Outcome
from tests.faults.canary import ACCOUNT, CANARY, files_with_it, seen_in, sent_in_clear
from tests.faults.controller import open_store

ROOT = Path(__file__).parents[2]
PLAYBOOK = '''"""A playbook that needs a secret to decide."""

from pydantic import SecretStr

from remediate.playbook import Field, Playbook, PlaybookParams
from remediate.resources.scheduled_task import MultipleInstances, ScheduledTask, ScheduledTasks


class Params(PlaybookParams):
    token: SecretStr = Field(description="Token of the ticket system")


class WithSecret(Playbook[Params]):
    """It is only looked at."""

    id = "with-secret"
    title = "Repair the tasks of whoever knows the token"
    source = "https://example.com/kb/1"

    def observe(self, params):
        return [ScheduledTasks(folder=r"\\Microsoft\\OnlineBackup")]

    def decide(self, seen, params):
        assert params.token.get_secret_value()
        for task in seen.all(ScheduledTask):
            yield task.should(multiple_instances=MultipleInstances.IGNORE_NEW)
'''


def test_a_secret_parameter_appears_nowhere(new_store: Callable[[], Path], tmp_path: Path) -> None:
    """Not in output, logs at DEBUG, store, or what a host receives."""
    file, folder = new_store(), tmp_path / "playbooks"
    folder.mkdir()
    folder.joinpath("with_secret.py").write_text(PLAYBOOK)
    secrets = {"TOKEN": CANARY, "REMEDIATE_PASSWORD": "quite another"}
    account = type(ACCOUNT)(ACCOUNT.user, "quite another")
    with Lab(account=account) as lab, open_store(file) as store:
        [host] = lab.hosts

        def remediate(command: str, *words: str, token: str = "env:TOKEN") -> str:  # noqa: S107 - where it is
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "remediate", command, "with-secret", *words),
                    *("--host", f"{host.address}:{host.port}", "--user", ACCOUNT.user),
                    *("--auth", "basic", "--playbooks", str(folder), "--token", token, "--debug"),
                ],
                cwd=ROOT,
                env=os.environ | secrets | {"REMEDIATE_STORE": str(file)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=100,
            )
            assert not seen_in(done.stdout)
            assert not seen_in(done.stderr)
            return (done.stdout + done.stderr).decode()

        assert "IgnoreNew" in remediate("audit")
        remediate("apply", "--yes", "--format", "json")
        assert "by reference" in remediate("audit", token=CANARY), "typed in the open"
        [summary] = store.runs()
        assert summary.outcomes == {Outcome.CHANGED: 1}
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
    assert files_with_it(file.parent) == []
