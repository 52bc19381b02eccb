"""Ways to break the engine that the simulation has to find, each within seconds.

python -m tests.simulation.breaks               each in turn, with what was found of it
python -m tests.simulation.breaks lease journal  those whose name has one of these words
"""

import os
import subprocess
import sys
import time

from tests.breaks.breaking import Break, broken
from tests.breaks.engine import ENGINE

SECONDS = 12
"""Of CPU, in which a break has to be found."""

BREAKS = (
    Break(
        "lease not renewed",
        "what takes long is written under a lease that lasts",
        f"{ENGINE}/writing.py",
        "    lease = yield from ask(TakeLease(work.takes_over))\n",
        "    lease = Granted(done.fence)\n",
    ),
    Break(
        "intent after sending",
        "an intent is durable before anything is sent",
        f"{ENGINE}/host_run.py",
        "    not_recorded = yield from ask(intent)\n"
        "    if not_recorded is not None:\n"
        "        return failed(work, Outcome.REFUSED, not_recorded.problem, plan)\n"
        "    return (yield from _write(work, fence, plan, snapshot, staging, request))\n",
        "    report = yield from _write(work, fence, plan, snapshot, staging, request)\n"
        "    yield from ask(intent)\n"
        "    return report\n",
    ),
    Break(
        "proof skipped",
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
        "journal believed",
        "reconcile says what the computer says, and not what the journal says",
        f"{ENGINE}/host_run.py",
        "    done = yield from look_again(work, plan, done)\n"
        "    done = yield from settled(work, plan, plan.changes, done, Phase.RECOVER, "
        "work.settling)\n",
        "    report = HostReport(host=work.host.name, outcome=Outcome.CHANGED, "
        "applied=plan.changes)\n"
        "    if work.run:\n"
        "        return (yield from _end(report))\n",
    ),
    Break(
        "two reconciled at once",
        "one command closes the intents of several runs on one host",
        f"{ENGINE}/reconciling.py",
        "if taken & about), default=0)",
        "if not taken), default=0)",
    ),
)


def found(one: Break) -> str:
    """What the simulation says of a broken engine; empty when it finds nothing."""
    with broken(one) as root:
        done = subprocess.run(
            [sys.executable, "-m", "tests.simulation", "--seconds", str(SECONDS)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode not in {0, 1} or done.stderr:
        raise RuntimeError(done.stderr or done.stdout)
    return done.stdout if done.returncode else ""


def main(words: list[str]) -> int:
    unseen = 0
    for one in BREAKS:
        if words and not any(word in one.name for word in words):
            continue
        start = time.monotonic()
        first = found(one).partition("\n")[0]
        unseen += not first
        print(f"{one.name:24} {time.monotonic() - start:4.0f} s  {first[:200] or 'NOT FOUND'}")  # noqa: T201 - its result
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
