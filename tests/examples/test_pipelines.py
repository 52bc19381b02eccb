"""The example pipelines are what their systems take, and do on practice hosts what they say."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml
from junitparser import JUnitXml

from remediate.lab.hosts import make_states
from remediate.lab.lab import Lab
from tests.examples import pipelines
from tests.examples.pipelines import FILES, Step, run, steps

pytestmark = pytest.mark.skipif(
    os.name == "nt" or not (shutil.which("bash") and shutil.which("git")),
    reason="the scripts of the pipelines are for bash, and use git",
)
each_system = pytest.mark.parametrize("system", FILES)
SECRET = "Canary-token-5d"


@each_system
def test_a_pipeline_fits_the_published_schema_of_its_system(system: str) -> None:
    folder = resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / FILES[system][1]).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    validator.validate(pipelines.read(system))
    misspelt = pipelines.text(system).replace("environment: production", "enviroment: production")
    assert not validator.is_valid(pipelines.read(system, misspelt))


@each_system
def test_a_pipeline_holds_inventories_to_one_password_and_puts_no_input_into_a_script(
    system: str,
) -> None:
    jobs = ("audit", "plan", "apply")
    scripts = [step.script for job in jobs for step in steps(system, job)]
    words = " ".join(scripts).replace("\\\n", " ").split("remediate ")[1:]
    going = [one for one in words if one.startswith(("audit", "plan -o", "apply", "runs"))]
    assert len(going) == 4
    assert all("--passwords-only env:REMEDIATE_PASSWORD" in one for one in going)
    assert not any("${{" in script or "$(System" in script for script in scripts)
    assert [step.always for step in steps(system, "apply")] == [False, True]


def test_on_github_whoever_opens_a_pull_request_says_which_playbooks_and_nothing_else() -> None:
    pipeline = pipelines.read("github")
    assert pipeline["on"]["pull_request"]["paths"] == ["prod.yaml", "waivers.yaml"]
    assert "secrets" not in json.dumps(pipeline["jobs"]["validate"])
    for name, event in (("audit", "schedule"), ("apply", "push")):
        assert f"github.event_name == '{event}'" in pipeline["jobs"][name]["if"]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    assert own in pipeline["jobs"]["plan"]["if"]
    assert all("environment" in job for name, job in pipeline["jobs"].items() if name != "validate")


# --- on practice hosts ----------------------------------------------------------------------------


class Job:
    """A place where jobs of a pipeline run one after the other.

    Args:
        system: whose pipeline.
        folder: for all that it leaves.
        lab: the hosts.
    """

    def __init__(self, system: str, folder: Path, lab: Lab) -> None:
        self.system = system
        self.folder = folder / "work"
        self.sent = folder / "sent"
        self.summary = folder / "summary.md"
        self.output = folder / "output"
        fakes = folder / "fakes"
        fakes.mkdir()
        self._env = {
            "PATH": pipelines.programs(fakes),
            "SENT": str(self.sent),
            "REMEDIATE_STORE": str(folder / "runs.db"),
            "REMEDIATE_PASSWORD": lab.hosts[0].password,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_REPOSITORY": "ops/fleet",
            "CI_DEFAULT_BRANCH": "main",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_API_V4_URL": "https://gitlab.example.org/api/v4",
            "CI_PROJECT_ID": "1",
            "COMMENT_TOKEN": SECRET,
            "PIPELINE_WORKSPACE": str(self.folder),
            "SYSTEM_COLLECTIONURI": "https://dev.azure.com/ops/",
            "SYSTEM_TEAMPROJECTID": "1",
            "BUILD_REPOSITORY_ID": "2",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "7",
        }
        self.known = {
            "secrets.REMEDIATE_PASSWORD": lab.hosts[0].password,
            "REMEDIATE_PASSWORD": lab.hosts[0].password,
            "github.token": SECRET,
            "System.AccessToken": SECRET,
            "github.event.pull_request.number": "7",
        }
        self._repository(folder, lab)

    def _repository(self, folder: Path, lab: Lab) -> None:
        """The default branch, and one that asks for a fix and names other hosts."""
        rows = {host.name: {"address": host.address, "port": host.port} for host in lab.hosts}
        inventory = {"defaults": {"user": lab.hosts[0].user}, "hosts": rows}
        self.git("init", "-q", "--bare", "-b", "main", str(folder / "origin"))
        self.git("clone", "-q", str(folder / "origin"), str(self.folder))
        (self.folder / "prod.yaml").write_text(yaml.safe_dump(inventory))
        (self.folder / "waivers.yaml").write_text("waivers: []\n")
        (self.folder / "fixes.txt").write_text("")
        self._commit("main")
        self.git("checkout", "-q", "-b", "change")
        (self.folder / "prod.yaml").write_text("hosts: {not-reviewed: {address: 127.0.0.9}}\n")
        self.propose("schedule-fix\n")

    def propose(self, fixes: str) -> None:
        """Have the branch ask for something."""
        self.git("checkout", "-q", "change")
        (self.folder / "fixes.txt").write_text(fixes)
        self._commit("change")
        head = "github.event.pull_request.head.sha || github.sha"
        self.known[head] = self.git("rev-parse", "HEAD").strip()
        if self.system == "github":  # pull_request_target
            self.git("checkout", "-q", "main")

    def _commit(self, branch: str) -> None:
        self.git("add", "prod.yaml", "waivers.yaml", "fixes.txt")
        who = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
        self.git(*who, "commit", "-q", "-m", "Change")
        self.git("push", "-q", "-f", "origin", f"HEAD:{branch}")

    def git(self, *words: str) -> str:
        """Run git there, and return what it prints."""
        place = self.folder if self.folder.exists() else self.folder.parent
        return subprocess.run(
            ["git", *words],  # noqa: S607 - any git
            cwd=place,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def step(self, step: Step, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run a script of the pipeline."""
        return run(step, self.folder, self.known, {**self._env, **env})


@pytest.fixture
def job(system: str, tmp_path: Path) -> Iterator[Job]:
    with Lab(make_states(2)) as lab:
        yield Job(system, tmp_path, lab)


def require(done: "subprocess.CompletedProcess[str]", code: int = 0) -> str:
    assert done.returncode == code, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
@each_system
def test_a_pipeline_audits_plans_what_is_asked_for_and_applies_what_was_agreed_to(
    job: Job, system: str
) -> None:
    if system != "github":
        job.git("checkout", "-q", "main")
    [audit] = steps(system, "audit")
    found = 2 if system == "gitlab" else 0
    require(job.step(audit), found)
    assert (job.folder / "audit.html").read_text().count("<details ") == 2
    if system == "github":
        [log] = json.loads((job.folder / "audit.sarif").read_text())["runs"]
        assert log["properties"]["hosts"] == 2
        assert "# remediate audit" in job.summary.read_text()
    else:
        assert len(list(JUnitXml.fromfile(str(job.folder / "audit.xml")))) == 2
    if system == "gitlab":
        assert pipelines.read(system)["audit"]["allow_failure"] == {"exit_codes": found}

    for bad in ("--insecure\n", "schedule-fix -i x\n", "schedule-fix;id\n"):
        job.propose(bad)
        plan, *comment = steps(system, "plan")
        require(job.step(plan), 1)
        assert not (job.folder / "plan.json").exists()
        job.git("worktree", "prune")
        shutil.rmtree(job.folder / "reviewed", ignore_errors=True)
    job.propose("schedule-fix\n")
    require(job.step(steps(system, "validate")[-1]))
    told_by = [require(job.step(step)) for step in (plan, *comment)]
    saved = json.loads((job.folder / "plan.json").read_text())
    assert [one["host"]["name"] for one in saved["hosts"]] == ["SRV01", "SRV02"]
    told = (job.folder / "plan.md").read_text()
    assert saved["digest"] in told
    sent = job.sent.read_text()
    assert ("pr comment 7" in sent) if system == "github" else (SECRET in sent.splitlines()[1])
    assert SECRET not in sent.splitlines()[0]
    if system == "azure":
        for name, value in (("digest", saved["digest"]), ("hosts", "2")):
            assert f"##vso[task.setvariable variable={name};isOutput=true]{value}\n" in told_by[0]
        body = json.loads((job.folder / "comment.json").read_text())
        assert body["comments"][0]["content"] == told
        (job.folder / "plan").mkdir()
        shutil.move(job.folder / "plan.json", job.folder / "plan" / "plan.json")

    apply, reconcile = steps(system, "apply")
    other = f"sha256:{'0' * 64}"
    for digest, code in ((other, 6), (saved["digest"], 0)):
        job.known |= {"needs.plan.outputs.digest": digest, "digest": digest}
        given = {"DIGEST": digest} if system == "gitlab" else {}
        require(job.step(apply, **given), code)
    assert (job.folder / "apply.html").read_text().count("changed") > 1
    if system == "github":
        assert job.output.read_text() == f"digest={saved['digest']}\nhosts=2\n"
        assert "2 hosts: 2 changed; 0 findings; 4 fixed." in job.summary.read_text()
    else:
        assert JUnitXml.fromfile(str(job.folder / "apply.xml")).failures == 0
    require(job.step(reconcile))
