#!/usr/bin/env bash
# polars 1.44.2, duckdb 2.0.1, Python 3.11.
#
# A good guess: what reads a whole NDJSON file has all that stands in it. Columns may be guessed from the
# first lines; a line that does not fit the guess is an error, as a text in a column of numbers is.
# What they do: polars guesses from 100 lines, DuckDB from 20,480. A key that comes up behind these is
# left out wherever it stands, without a word. To DuckDB a key with null in all of them has the type
# "null", and whatever comes behind is null as well; polars says of that that it does not fit. So of
# events that come in several kinds, or of the one host in thousands that went wrong, nothing is there.
# Told to look at all lines (infer_schema_length=None, sample_size=-1) both have everything.
#
# Seen (values found of one that stands in the last line):
#                                  polars        DuckDB
#   key in line 100 / 20,480       1             1
#   key one line further down      0             0
#   null until there               ComputeError  0
#   told to look at all lines      1             1
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check polars==1.44.2 duckdb==2.0.1
cd "$place"
venv/bin/python - <<'PYTHON'
import json
import sys
from pathlib import Path

import duckdb
import polars


def write(before, lines):
    """A file of lines of which the last one has a report."""
    last = {"host": "SRV", "report": "failed"}
    text = "".join(f"{json.dumps(one)}\n" for one in (*[before] * (lines - 1), last))
    Path("events.ndjson").write_text(text)


def in_polars(**options):
    try:
        found = polars.read_ndjson("events.ndjson", **options)
    except polars.exceptions.ComputeError:
        return "ComputeError"
    return found["report"].count() if "report" in found.columns else 0


def in_duckdb(options=""):
    read = f"FROM read_json('events.ndjson'{options})"
    connection = duckdb.connect()
    columns = [row[0] for row in connection.execute(f"DESCRIBE {read}").fetchall()]
    if "report" not in columns:
        return 0
    return connection.execute(f"SELECT count(report) {read}").fetchall()[0][0]


ABSENT, NULL = {"host": "SRV"}, {"host": "SRV", "report": None}
seen = {}
for name, before, further in (("key", ABSENT, 0), ("key further down", ABSENT, 1), ("null", NULL, 1)):
    write(before, 100 + further)
    one = in_polars()
    write(before, 20_480 + further)
    seen[name] = [one, in_duckdb()]
seen["all lines"] = [in_polars(infer_schema_length=None), in_duckdb(", sample_size=-1")]
for name, (one, other) in seen.items():
    print(f"{name:18} polars {one!s:13} DuckDB {other}")
sys.exit(list(seen.values()) != [[1, 1], [0, 0], ["ComputeError", 0], [1, 1]])
PYTHON
