"""The budget of exchanges that the program promises, counted by practice hosts."""

from benchmarks.exchanges import exchanges


def test_everything_costs_the_exchanges_that_are_promised() -> None:
    """An audit of 500 tasks costs what one of 5 does; a compliant host is not written to."""
    assert exchanges() == {
        "audit": 6,
        "audit, NTLM": 9,
        "audit, 5 tasks": 6,
        "audit, 500 tasks": 6,
        "apply, compliant": 6,
        "apply, compliant, NTLM": 9,
        "apply, changed": 8,
        "apply, changed, NTLM": 11,
        "apply, 500 tasks changed": 8,
    }
