"""Errors are for people, travel between processes, and quote hosts safely."""

from remediate.transport import errors

LEAVES = [kind.code for kind in errors.kinds()]


def test_the_drawing_is_the_tree() -> None:
    drawn = [line.strip("│├└─ ") for line in (errors.__doc__ or "").splitlines() if "──" in line]
    assert [errors._code(type(name, (), {})) for name in drawn] == LEAVES


def test_every_kind_has_its_own_words() -> None:
    kinds = list(errors.kinds())
    assert len({kind.says for kind in kinds}) == len(kinds)
    assert len({kind.hint for kind in kinds}) == len(kinds)
    assert all(kind.meaning.endswith(".") for kind in kinds)


def test_a_message_says_what_where_what_is_left_and_what_to_do() -> None:
    error = errors.ConnectionLost("SRV01", "in the middle of an answer.", after_send=True)
    assert str(error) == (
        "SRV01 broke off the connection: in the middle of an answer. "
        "The request may have begun to run there."
    )
    assert str(errors.Refused("SRV01")) == (
        "SRV01 refuses the connection. The request did not run there."
    )
    assert error.problem().hint
    assert error.problem().code == "connection_lost"


def test_what_a_host_says_cannot_steer_a_terminal() -> None:
    hostile = "a\x1b[2J\r\nb\u202ec\u2028d\x00\x9b" + "x" * 10_000
    shown = errors.RemoteError("h", hostile, exception="E\x1b").detail
    assert shown.startswith("E: a [2J b c d")
    assert len(shown) <= errors.MAX_DETAIL
    assert shown.isprintable()
