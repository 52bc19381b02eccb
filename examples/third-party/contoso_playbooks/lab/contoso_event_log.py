"""Event logs on practice hosts."""

from remediate.lab.kinds.kind import may_write

HEALTHY = {"Application": 128 << 20, "System": 64 << 20}  # in short, what a healthy host has


def state(host, short):
    """Puts a short form into a host, in place of what was there."""
    host.windows["logs"] = [{"name": name, "max_size": most} for name, most in short.items()]


def read(host, name=None):
    """What Get would answer to a question with these fields; all, when none is given."""
    for log in host.windows.get("logs", []):
        if name in (None, log["name"]):
            yield {**log, "size": 69632}


def write(host, record, after):
    """What Set would do to what was found and unmoved; fails where `denied` says so."""
    may_write(host, "contoso_event_log")
    for log in host.windows["logs"]:
        if log["name"] == record["name"]:
            log.update(after)
