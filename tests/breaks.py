"""Ways to break the product, one for each promise, and whether the tests see them.

    python -m tests.breaks              each in turn; exit code 1 when one is not seen
    python -m tests.breaks guard stale  those whose name has one of these words

Each break is tried on a copy of the tree. Whoever takes a test away, or makes one say less, runs
this before and after: what was seen before is to be seen after.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from remediate.lab.engines.path import find_pwsh

ROOT = Path(__file__).parents[1]
COPIED = ("remediate", "playbooks", "tests", "examples", "docs", "pyproject.toml")
SCRIPTS_SEEN_BY = ("tests/conformance", "tests/lab/windows")
SEEN_BY = ("tests/resources", "tests/playbooks")
"""The tests that are about playbooks and kinds; others may see a break too."""
REPORTS_SEEN_BY = ("tests/report",)
WORDS = {
    "scheduled_task": "schedule or task",
    "registry_value": "execution or path or registry",
    "service": "iscsi or service",
    "shadow_storage": "shadow or vssadmin",
    "agent_module": "module or content",
    "envelope": "schedule or task",
    "write": "schedule or task or value",
}
"""What stands in the names of the tests that are about a script."""


@dataclass(frozen=True)
class Break:
    """One way to break the product.

    Args:
        name: one word or a few.
        promise: what is no longer so.
        file: where.
        before: a text that stands in the file exactly once.
        after: what it is replaced by.
    """

    name: str
    promise: str
    file: str
    before: str
    after: str

    def apply(self, root: Path) -> None:
        """Break a tree.

        Raises:
            ValueError: the text is not there, or several times.
        """
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.before) != 1:
            raise ValueError(
                f"{self.name}: {self.file} has {self.before!r} {text.count(self.before)} times"
            )
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


ENGINE, SCRIPTS, PLAYBOOKS = "remediate/engine", "remediate/resources", "playbooks"
REPORT = "remediate/report"
BREAKS = (
    # --- the engine's promises ----------------------------------------------------------------
    Break(
        "changed unproven",
        '"changed" is only said of what was read back',
        f"{ENGINE}/verdict.py",
        "if not wrong and not again.changes and proven:",
        "if problem is None:",
    ),
    Break(
        "write repeated",
        "a write with an unknown result is never repeated",
        f"{ENGINE}/host_run.py",
        "    answer = yield from ask(Write(request, Phase.APPLY))\n",
        "    answer = yield from ask(Write(request, Phase.APPLY))\n"
        "    if isinstance(answer, TransportError):\n"
        "        answer = yield from ask(Write(request, Phase.APPLY))\n",
    ),
    Break(
        "lost unobserved",
        "after a lost connection the host is looked at before anything is said",
        f"{ENGINE}/writing.py",
        "perhaps = changes if answer.after_send else ()",
        "perhaps = ()",
    ),
    Break(
        "drift overwritten",
        "what somebody else has changed since is kept",
        f"{ENGINE}/rollback.py",
        "if not ours and not self.force:",
        "if False:",
    ),
    Break(
        "undone lost",
        "every property that can be put back is put back",
        f"{ENGINE}/rollback.py",
        "        for recorded in reversed(possible):",
        "        for recorded in tuple(reversed(possible))[:1]:",
    ),
    Break(
        "harmful undo",
        "a rollback that would do harm is refused",
        f"{ENGINE}/rollback.py",
        "if reason is not None and not self.force:",
        "if False:",
    ),
    Break(
        "reversible forgotten",
        "what cannot be put back is not tried to be put back",
        f"{ENGINE}/rollback.py",
        "            if not change.reversible:\n                continue",
        "            if change.renews:\n                continue",
    ),
    Break(
        "dry run writes",
        "a dry run of a rollback changes nothing",
        f"{ENGINE}/engine.py",
        "        if dry_run:",
        "        if dry_run and run is None:",
    ),
    Break(
        "guard ignored",
        "a playbook's guard keeps the plan from being applied",
        f"{ENGINE}/judging.py",
        'found.refusals.extend(_texts(playbook.guard(seen, params), "guard"))',
        "list(playbook.guard(seen, params))",
    ),
    Break(
        "irreversible unasked",
        "what cannot be undone is done only when that was accepted",
        f"{ENGINE}/host_run.py",
        "if plan.irreversible and not (work.ask or work.settings.accept_irreversible):",
        "if False:",
    ),
    Break(
        "applicability ignored",
        "a playbook says nothing of a host that it is not for",
        f"{ENGINE}/judging.py",
        "            return Judgement(not_applicable=reason)",
        "            reason = None",
    ),
    Break(
        "lease kept",
        "the host's lease is given back",
        f"{ENGINE}/order.py",
        '_unlock(self.run, "unlock", writes[-1].id, "receipt"),',
        '_unlock(f"not-{self.run}", "unlock", writes[-1].id),',
    ),
    Break(
        "denial unnamed",
        "an account that may not is told so",
        f"{ENGINE}/observation.py",
        'if error.hresult in ACCESS_DENIED or error.category == "PermissionDenied":',
        "if False:",
    ),
    Break(
        "auto rollback skipped",
        "what does not read back as planned is undone",
        f"{ENGINE}/host_run.py",
        "    if not work.settings.auto_rollback:\n        return report\n",
        "    if report.problem:\n        return report\n",
    ),
    Break(
        "volatile compared",
        "what moves by itself is no difference",
        f"{SCRIPTS}/base.py",
        "exclude={*self.identity, *self.volatile})",
        "exclude={*self.identity})",
    ),
    Break(
        "moved plan applied",
        "the plan that was agreed to is carried out, or none is",
        f"{ENGINE}/host_run.py",
        "if not stands(plan.changes, again.changes):",
        "if False:",
    ),
    Break(
        "skipped calls run",
        "no write runs after one that failed",
        "remediate/powershell/envelope.ps1",
        "if (-not $Succeeded.ContainsKey($needed)) { return $result }",
        "if (-not $Succeeded.ContainsKey($needed)) { $null = $needed }",
    ),
    Break(
        "stale",
        "a value is written only over what was seen",
        "remediate/powershell/write.ps1",
        "        if (-not [string]::Equals((Format-RemediateValue -Value $now -Like $now), ",
        "        if ($false -and ((Format-RemediateValue -Value $now -Like $now), ",
    ),
    Break(
        "saved plan",
        "a saved plan is written only on a host that is as it was when it was made",
        "remediate/engine/host_run.py",
        "    problem = work.saved.problem(departures, plan)\n",
        "    problem = None\n",
    ),
    Break(
        "missing",
        "what is gone is not written",
        "remediate/powershell/write.ps1",
        "if ($found.Count -eq 0) { Stop-RemediateCall",
        "if ($false) { Stop-RemediateCall",
    ),
    # --- the kinds' scripts -------------------------------------------------------------------
    Break(
        "task enum",
        "StopExisting is read and written though Windows' enumeration has no name for it",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "= $Current.Settings.CimInstanceProperties['MultipleInstances'].Value",
        "= [int] $Current.Settings.MultipleInstances",
    ),
    Break(
        "task folder pattern",
        "brackets in a folder's name stand for themselves",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "$path = $folder -replace '[\\[\\]*?`]', '`$0'",
        "$path = $folder",
    ),
    Break(
        "task text matched",
        "no text that Windows translates decides anything",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "if ($id -notlike 'CmdletizationQuery_NotFound*') { throw }",
        "if ($_.Exception.Message -notlike '*objects found*') { throw }",
    ),
    Break(
        "task other folder",
        "tasks of other folders are not touched",
        f"{SCRIPTS}/scheduled_task.read.ps1",
        "[string]::Equals($_.TaskPath, $folder, 'OrdinalIgnoreCase') -and (",
        "$true -and (",
    ),
    Break(
        "value expanded",
        "a registry value is read unexpanded",
        f"{SCRIPTS}/registry_value.read.ps1",
        "$item.GetValue($Name, $null, 'DoNotExpandEnvironmentNames')",
        "$item.GetValue($Name)",
    ),
    Break(
        "value type",
        "a registry value keeps its type",
        f"{SCRIPTS}/registry_value.write.ps1",
        "-PropertyType $value['type'] -Value",
        "-PropertyType String -Value",
    ),
    Break(
        "value absence",
        "that there was no value is put back as such",
        f"{SCRIPTS}/registry_value.write.ps1",
        "        Remove-ItemProperty -LiteralPath $path -Name",
        "        $null = New-ItemProperty -LiteralPath $path -Value '' -Force -Name",
    ),
    Break(
        "service unseen stop",
        "a restart in a shared process is proven",
        f"{SCRIPTS}/service.write.ps1",
        "try { Save-RemediateStopped -Name $Current.Name }",
        "try { $null = $Current }",
    ),
    Break(
        "service sessions",
        "sessions of a stopped service are not known, which is not none",
        f"{SCRIPTS}/service.read.ps1",
        "        $use = $null",
        "        $use = @()",
    ),
    Break(
        "service mode",
        "the start mode is written too",
        f"{SCRIPTS}/service.write.ps1",
        "if ($mode -eq 'Auto') { $mode = 'Automatic' }",
        "if ($mode -eq 'Manual') { $mode = 'Automatic' }",
    ),
    Break(
        "service dependents",
        "dependents are read with what they do",
        f"{SCRIPTS}/service.read.ps1",
        "dependents   = @(Get-RemediateDependent -Name $service.Name)",
        "dependents   = @()",
    ),
    Break(
        "storage numbers",
        "a limit of 2^64-1 is read as what it is",
        f"{SCRIPTS}/shadow_storage.read.ps1",
        "$limit = [string] $Current['Storage'].MaxSpace",
        "$limit = [string] [double] $Current['Storage'].MaxSpace",
    ),
    Break(
        "storage added",
        "shadow storage that is not there is made",
        f"{SCRIPTS}/shadow_storage.write.ps1",
        "if ($null -eq $storage) { $verb = 'add' }",
        "$null = $storage",
    ),
    Break(
        "storage copies lost",
        "no shadow copy is deleted",
        f"{SCRIPTS}/shadow_storage.write.ps1",
        "if ($limit -lt $taken) {",
        "if ($false) {",
    ),
    Break(
        "storage elsewhere",
        "the volume that holds the copies is the one that counts",
        f"{SCRIPTS}/shadow_storage.read.ps1",
        "$pair['On'] = $volumes[$pair['DiffVolume']]",
        "$pair['On'] = $volumes[$pair['Volume']]",
    ),
    Break(
        "module believed",
        "that a module loads is tried",
        f"{SCRIPTS}/agent_module.read.ps1",
        "$result['installed']['loads'] = $tried['loads']",
        "$result['installed']['loads'] = $true",
    ),
    Break(
        "module deleted",
        "the old module is kept",
        f"{SCRIPTS}/agent_module.write.ps1",
        "try { Rename-RemediateItem -Path $path -Name $old }",
        "try { Remove-Item -LiteralPath $path -Recurse -Force }",
    ),
    # --- the kinds' models and the playbooks --------------------------------------------------
    # what means the same is the same, and what does not is not: one of each for each kind
    Break(
        "task lengths",
        "a duration is the same in other words",
        f"{SCRIPTS}/task_xml.py",
        "        return _length(plain)",
        "        return plain",
    ),
    Break(
        "task triggers",
        "a trigger that is lost or added is named",
        f"{SCRIPTS}/task_definition.py",
        "        count[name] += 1",
        "        count[name] = 0",
    ),
    Break(
        "service sharing",
        "others that come into its process are no restart of a service",
        f"{SCRIPTS}/service.py",
        'each.model_copy(update={"shared": False}) for each in alone',
        "each.model_copy() for each in alone",
    ),
    Break(
        "service start mode",
        "a start mode that moves with a restart is named",
        f"{SCRIPTS}/service.py",
        '{"process", "dependents", "in_use", "display_name"}',
        '{"process", "dependents", "in_use", "display_name", "start_mode"}',
    ),
    Break(
        "value sign",
        "a registry number is the same with a sign and without",
        f"{SCRIPTS}/registry_value.py",
        "        return int(value % 2**bits)",
        "        return value",
    ),
    Break(
        "value other type",
        "a text of another type is another value",
        f"{SCRIPTS}/registry_value.py",
        "return RegistryData.model_validate(one) == RegistryData.model_validate(other)",
        "return RegistryData.model_validate(one).data == RegistryData.model_validate(other).data",
    ),
    Break(
        "storage rounding",
        "a limit that Windows rounds is the one that was asked for",
        f"{SCRIPTS}/shadow_storage.py",
        "<= ROUNDED + max(one, other) // 100",
        "<= 0",
    ),
    Break(
        "storage per cent",
        "a limit that moved by a hundredth of the volume is another one",
        f"{SCRIPTS}/shadow_storage.py",
        "<= ROUNDED + max(one, other) // 100",
        "<= ROUNDED + max(one, other) // 20",
    ),
    Break(
        "module loading",
        "the same files are the same where nobody could tell whether they load",
        f"{SCRIPTS}/agent_module.py",
        "return first.manifest == second.manifest and (unknown or first.loads == second.loads)",
        "return first == second",
    ),
    Break(
        "module files",
        "a module with another file is another one",
        f"{SCRIPTS}/agent_module.py",
        "return first.manifest == second.manifest and (unknown or first.loads == second.loads)",
        "return unknown or first.loads == second.loads",
    ),
    Break(
        "storage undo",
        "a lower limit is not put back while it would delete copies",
        f"{SCRIPTS}/shadow_storage.py",
        "        if self.taken > limit:",
        "        if False:",
    ),
    Break(
        "module half-way",
        "a folder between two renames is known to be ours",
        f"{SCRIPTS}/agent_module.py",
        "return Installed.model_validate(change.before).manifest.digest in self.kept",
        "return False",
    ),
    Break(
        "policy precedence",
        "SYSTEM's own policy wins over the machine's",
        f"{PLAYBOOKS}/execution_policy.py",
        'value = user if user.text else values[LOCAL_MACHINE, "ExecutionPolicy"]',
        'value = values[LOCAL_MACHINE, "ExecutionPolicy"]',
    ),
    Break(
        "path untidy",
        "two ways to write a folder are one",
        f"{PLAYBOOKS}/module_path.py",
        'return PROGRAM_FILES.sub(r"c:\\\\program files", folder).casefold()',
        "return folder",
    ),
    Break(
        "another agent",
        "a module of another agent is not copied",
        f"{PLAYBOOKS}/module_restore.py",
        'return one.agent_version == other.agent_version != ""',
        "return True",
    ),
    Break(
        "password task written",
        "a task that stores a password is left to a person",
        f"{PLAYBOOKS}/schedule_fix.py",
        "if wrong and task.unsavable:",
        "if False:",
    ),
    Break(
        "limit above volume",
        "a limit is never more than the volume has",
        f"{PLAYBOOKS}/shadow_storage.py",
        "return min(max(-(-(self.size or 0) // MB), part // MB), storage.capacity // MB) * MB",
        "return max(-(-(self.size or 0) // MB), part // MB) * MB",
    ),
    Break(
        "sessions cut",
        "sessions are not cut off unasked",
        f"{PLAYBOOKS}/iscsi_restart.py",
        "if service.in_use and not params.accept_session_loss:",
        "if False:",
    ),
    # --- the reports --------------------------------------------------------------------------
    Break(
        "host left out",
        "a host without a verdict is in every report",
        f"{REPORT}/files.py",
        "for name in list(self._untold):",
        "for name in self._untold if code is ExitCode.OK else ():",
    ),
    Break(
        "report half written",
        "a report is whole, or what was there is as it was",
        f"{REPORT}/files.py",
        "            new.unlink()\n",
        "            new.replace(path)\n",
    ),
    Break(
        "green in spite",
        "JUnit is green only where the exit code is 0",
        f"{REPORT}/cases.py",
        "    if code is not ExitCode.OK and not explained:",
        "    if code is ExitCode.FAILED and not explained:",
    ),
    Break(
        "waived uncounted",
        "what is waived is counted in every report",
        f"{REPORT}/totals.py",
        "        self.waived += len(account.waived)\n",
        "        self.waived += bool(account.waived)\n",
    ),
    Break(
        "page tags",
        "what a host says is no tag of the page",
        f"{REPORT}/pictures.py",
        "    return escape(printable(words.shortened(text, words.MAX_TEXT)))",
        "    return printable(words.shortened(text, words.MAX_TEXT))",
    ),
    Break(
        "page policy",
        "no script but its own runs in a page",
        f"{REPORT}/html.py",
        "script-src '{_hash(script)}'; ",
        "script-src 'unsafe-inline'; ",
    ),
    Break(
        "cell ended",
        "what a host says ends no cell of a table",
        f"{REPORT}/markdown.py",
        '.replace("|", "\\\\|").strip()',
        ".strip()",
    ),
    Break(
        "command of a host",
        "what a host says is no command of a workflow",
        f"{REPORT}/github.py",
        '.replace("%", "%25")',
        "",
    ),
    Break(
        "moving fingerprint",
        "a finding is known again when its numbers have moved",
        f"{REPORT}/sarif.py",
        "        known = (host, one.playbook, one.rule, ",
        "        known = (host, one.playbook, one.text, ",
    ),
    Break(
        "rest uncounted",
        "results that a file has no room for are counted",
        f"{REPORT}/sarif.py",
        '            "notWritten": left.total(),\n',
        '            "notWritten": 0,\n',
    ),
    Break(
        "slowest unseen",
        "the hosts that took longest are those that are told",
        f"{REPORT}/times.py",
        "key=lambda one: (-one.took, one.host)",
        "key=lambda one: (-one.began, one.host)",
    ),
    Break(
        "waited for nobody",
        "a run that waited for a few hosts says for whom",
        f"{REPORT}/times.py",
        "        if waited < max(_WAITED, others):",
        "        if waited < max(_WAITED, 9 * others):",
    ),
)


def main(words: list[str], tree: Path = ROOT) -> int:
    """Try the breaks; says of each which test saw it."""
    chosen = [one for one in BREAKS if not words or any(word in one.name for word in words)]
    unseen = []
    for one in chosen:
        start = time.monotonic()
        seen = list(_failures(one, tree))
        took = time.monotonic() - start
        print(f"{one.name:24} {took:4.0f} s  {seen[0] if seen else 'NOT SEEN'}", flush=True)  # noqa: T201 - its result
        if not seen:
            unseen.append(one.name)
    print(f"{len(chosen) - len(unseen)} of {len(chosen)} are seen")  # noqa: T201 - its result
    return 1 if unseen else 0


@contextmanager
def broken(one: Break, tree: Path = ROOT) -> Iterator[Path]:
    """A copy of a tree, broken in one way."""
    with tempfile.TemporaryDirectory(prefix="remediate-break-") as folder:
        root = Path(folder, "tree")
        root.mkdir()
        for name in COPIED:
            if (tree / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(tree / name, root / name, ignore=ignored)
            else:
                shutil.copy(tree / name, root / name)
        one.apply(root)
        yield root


def _failures(one: Break, tree: Path) -> Iterator[str]:
    """The first tests that fail on a broken copy of the tree."""
    with broken(one, tree) as root:
        script = PurePosixPath(one.file).name
        words = WORDS.get(script.partition(".")[0]) if script.endswith(".ps1") else None
        others = REPORTS_SEEN_BY if one.file.startswith(REPORT) else SEEN_BY
        tests = [*SCRIPTS_SEEN_BY, "-k", words] if words else others
        pwsh = find_pwsh()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-m", "", "--no-header", *tests],
            cwd=root,
            env={
                **os.environ,
                "PYTHONPATH": str(root),
                "PYTHONDONTWRITEBYTECODE": "1",
                **({"REMEDIATE_PWSH": str(pwsh)} if pwsh else {}),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    for line in done.stdout.splitlines():
        if line.startswith(("FAILED", "ERROR")):
            yield line.partition(" - ")[0]
    if done.returncode not in {0, 1}:
        yield f"pytest ended with {done.returncode}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
