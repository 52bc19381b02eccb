#!/usr/bin/env bash
# SQLAlchemy 2.1.9, Python 3.11 with SQLite 3.40.
#
# A good guess: a column of the type JSON gives back what was put into it, on SQLite too: it keeps the
# document's text, and Python's integers have no end.
# What it does: SQLAlchemy makes the column with the type name JSON, of which SQLite knows nothing but
# that it has to be a number where it can (affinity NUMERIC). So a document that is one number is not
# kept as text: above 63 bits it becomes a float and loses digits, and 1.0 an integer. Inside a list or
# an object every number stays as it is; so do texts that look like numbers, for their quotes.
#
# Seen (written, read):
#   9223372036854775807             9223372036854775807
#   18446744073709551615            1.8446744073709552e+19
#   1.0                             1
#   {'size': 18446744073709551615}  {'size': 18446744073709551615}
#   '18446744073709551615'          '18446744073709551615'
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check sqlalchemy==2.1.9
"$place/venv/bin/python" - <<'PYTHON'
import sys

import sqlalchemy as sa

engine = sa.create_engine("sqlite://")
metadata = sa.MetaData()
table = sa.Table("documents", metadata, sa.Column("document", sa.JSON))
metadata.create_all(engine)
most = 2**64 - 1
expected = [
    (2**63 - 1, "9223372036854775807"),
    (most, "1.8446744073709552e+19"),
    (1.0, "1"),
    ({"size": most}, "{'size': 18446744073709551615}"),
    (str(most), "'18446744073709551615'"),
]
seen = []
for document, _ in expected:
    with engine.begin() as connection:
        connection.execute(table.delete())
        connection.execute(table.insert().values(document=document))
        seen.append(repr(connection.scalar(sa.select(table.c.document))))
    print(f"{document!r:31} {seen[-1]}")
sys.exit(seen != [read for _, read in expected])
PYTHON
