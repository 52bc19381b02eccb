"""A connection to a host: how it comes about, and what is said where it does not."""

import pytest

from remediate.model.host import Host
from remediate.transport import errors
from remediate.transport.classify import Known, classify
from remediate.transport.dialing import NotConnectedError, connect
from remediate.transport.protocol import Deadline
from remediate.transport.reach import look
from tests.transport.dead import dropping


@pytest.mark.parametrize("tls", [False, True])
def test_a_host_that_drops_packets_takes_no_connection(tls: bool) -> None:
    """What comes after the connection is not blamed for it: nothing of TLS was begun."""
    with dropping() as port:
        host = Host(name="SRV01", address="127.0.0.1", port=port, tls=tls)
        with pytest.raises(NotConnectedError) as raised:
            connect(host, 0.1)
        steps, error = look(host, Deadline(0.1))
    assert error is not None
    for found in (classify(raised.value, "SRV01", Known(tls=tls, heard=False)), error):
        assert type(found) is errors.TimedOut
        assert found.detail == "it does not accept a connection"
    assert steps[-1].seen == "it does not accept a connection"
