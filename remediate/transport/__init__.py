"""How we talk to a host: one session, one thread, one tree of errors."""
