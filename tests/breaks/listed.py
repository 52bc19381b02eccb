"""All ways to break the product that `python -m tests.breaks` tries, one for each promise."""

from tests.breaks import engine, fleet, kinds, plans, records, reports, scripts, store, wire

BREAKS = (
    *engine.BREAKS,
    *records.BREAKS,
    *store.BREAKS,
    *plans.BREAKS,
    *fleet.BREAKS,
    *wire.BREAKS,
    *scripts.BREAKS,
    *kinds.BREAKS,
    *reports.BREAKS,
)
