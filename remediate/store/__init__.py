"""Where runs, intents, verdicts and leases are kept; importing it loads no database library."""
