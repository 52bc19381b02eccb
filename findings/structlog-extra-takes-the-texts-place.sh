#!/usr/bin/env bash
# structlog 26.1.0, Python 3.11.
#
# A good guess: with ExtraAdder, which structlog has for records of the standard library's logging,
# what stands in `extra` comes beside the text of the record and its level. The library keeps both
# under names of its own, and logging itself refuses an extra that would replace a part of a record.
# What it does: `event`, where the text is, and `level` are names like any other, and to logging they
# are none of its own. An extra of that name takes their place, without a word: the text is gone, or
# the level is another one. Events of Windows are often logged with just that: event=4625.
#
# Seen (a warning "cannot read the log"):
#   extra={"number": 4625}   level='warning' event='cannot read the log' number=4625
#   extra={"event": 4625}    level='warning' event=4625
#   extra={"level": "high"}  level='high' event='cannot read the log'
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check structlog==26.1.0
"$place/venv/bin/python" - <<'PYTHON'
import io
import logging
import sys

from structlog.processors import KeyValueRenderer
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level

written = io.StringIO()
handler = logging.StreamHandler(written)
handler.setFormatter(
    ProcessorFormatter(
        foreign_pre_chain=[add_log_level, ExtraAdder()],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            KeyValueRenderer(key_order=["level", "event"]),
        ],
    )
)
logger = logging.getLogger("a.program")
logger.addHandler(handler)
expected = {
    "number": "level='warning' event='cannot read the log' number=4625",
    "event": "level='warning' event=4625",
    "level": "level='high' event='cannot read the log'",
}
seen = {}
for name in expected:
    logger.warning("cannot read the log", extra={name: "high" if name == "level" else 4625})
    seen[name] = written.getvalue().splitlines()[-1]
    print(f"{name:<7} {seen[name]}")
sys.exit(seen != expected)
PYTHON
