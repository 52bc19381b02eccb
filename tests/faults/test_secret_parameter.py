"""A secret that a playbook takes as a parameter appears nowhere either."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remediate.lab.host import LabHost
from remediate.lab.lab import Lab
from remediate.lab.server.auth import LabAccount
from remediate.model.outcome import Outcome
from tests.faults.canary import ACCOUNT, CANARY, files_with_it, seen_in, sent_in_clear
from tests.faults.controller import open_store

ROOT = Path(__file__).parents[2]
SECRETS = {"TOKEN": CANARY, "REMEDIATE_PASSWORD": "quite another"}
LOGON = LabAccount(ACCOUNT.user, SECRETS["REMEDIATE_PASSWORD"])
DIGEST = hashlib.sha256(CANARY.encode()).hexdigest()
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


class Typed:
    """A command line that is tried with a secret, and shows it nowhere.

    Args:
        host: the host.
        store: file of the store.
        words: what each command is given.
    """

    def __init__(self, host: LabHost, store: Path, *words: str) -> None:
        self._words = (*words, "--host", f"{host.address}:{host.port}", "--user", ACCOUNT.user)
        self._store = store

    def __call__(self, command: str, playbook: str, *words: str) -> str:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "remediate", command, playbook, *words),
                *(*self._words, "--auth", "basic", "--debug"),
            ],
            cwd=ROOT,
            env=os.environ | SECRETS | {"REMEDIATE_STORE": str(self._store)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=100,
        )
        assert not seen_in(done.stdout)
        assert not seen_in(done.stderr)
        return (done.stdout + done.stderr).decode()


@pytest.mark.slow
def test_a_secret_parameter_appears_nowhere(new_store: Callable[[], Path], tmp_path: Path) -> None:
    """Not in output, logs at DEBUG, store, or what a host receives."""
    file, folder = new_store(), tmp_path / "playbooks"
    folder.mkdir()
    folder.joinpath("with_secret.py").write_text(PLAYBOOK)
    with Lab(account=LOGON) as lab, open_store(file) as store:
        [host] = lab.hosts
        remediate = Typed(host, file, "--playbooks", str(folder))
        token = ("--token", "env:TOKEN")
        assert "IgnoreNew" in remediate("audit", "with-secret", *token)
        remediate("apply", "with-secret", "--yes", "--format", "json", *token)
        typed = remediate("audit", "with-secret", "--token", CANARY)
        assert "by reference" in typed, "typed in the open"
        [summary] = store.runs()
        assert summary.outcomes == {Outcome.CHANGED: 1}
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
    assert files_with_it(file.parent) == []


@pytest.mark.slow
def test_the_password_of_a_proxy_reaches_the_agent_and_appears_nowhere(
    new_store: Callable[[], Path],
) -> None:
    """The host keeps a digest of it, and its rollback says that it cannot be put back."""
    file = new_store()
    with Lab(account=LOGON) as lab, open_store(file) as store:
        [host] = lab.hosts
        remediate = Typed(host, file)
        logon = ("--server", "proxy:8080", "--proxy-user", "svc", "--proxy-password")
        said = remediate("apply", "proxy-settings", *logon, "env:TOKEN", "--yes")
        assert "--accept-irreversible" in said
        accepted = ("--yes", "--accept-irreversible")
        remediate("apply", "proxy-settings", *logon, "env:TOKEN", *accepted)
        assert host.state.windows["agent_proxy"]["password"] == DIGEST
        summary = store.runs()[0]
        assert summary.outcomes == {Outcome.CHANGED: 1}
        remediate("rollback", summary.run.id, "--yes")
        assert host.state.windows["agent_proxy"]["password"] == DIGEST
        assert sent_in_clear(host) == []
        assert not seen_in(repr(host.state.snapshot()))
    assert files_with_it(file.parent) == []
