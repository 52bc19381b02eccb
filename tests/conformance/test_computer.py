"""Which computer a request is for is decided on both engines alike, before anything else."""

import pytest

from remediate.lab.engines.functions import answer
from remediate.lab.hosts import healthy_host
from remediate.lab.kinds.registry_value import machine_guid
from remediate.model.computer import Computer
from remediate.powershell.messages import Call, Reply, Request, decode_reply
from remediate.powershell.script import LEASE_WRITER, compose
from remediate.testing.powershell import PowerShellHosts
from remediate.transport.protocol import Deadline
from tests.conformance.doors import AT_LAST

pytestmark = pytest.mark.powershell

LEASE = {"run": "R1", "owner": "ada@bastion", "fence": 1, "ttl": 60, "undoes": []}
CALLS = (
    Call(id="lease", function="Lock-RemediateLease", arguments=LEASE),
    Call(id="unlock", function="Unlock-RemediateLease", arguments={"run": "R1"}, needs=("lease",)),
)
OTHER = "0aa7c0ff-ee00-4000-8000-000000000002"


def test_another_computer_carries_out_nothing(powershell: PowerShellHosts) -> None:
    """By GUID and name, by either where the other is not known, whatever the case."""
    with powershell.host(healthy_host()) as (state, host, transport):
        session, guid_of = transport.session(host), machine_guid(state)
        for name, guid, carried_out in (
            ("SRV01", guid_of, True),
            ("srv01", guid_of.upper(), True),
            ("SRV01", "", True),
            ("", guid_of, True),
            ("", "", True),
            ("SRV02", guid_of, False),
            ("SRV01", OTHER, False),
            ("SRV02", OTHER, False),
            ("SRV02", "", False),
            ("", OTHER, False),
        ):
            computer = Computer(name=name, guid=guid)
            request = Request(run="R1", calls=CALLS, computer=computer)
            simulated = decode_reply(answer(state, request).texts, request)
            real = session.run(compose(LEASE_WRITER).text, request, Deadline(AT_LAST))
            for reply in (simulated, real):
                expected = ["ok", "ok"] if carried_out else ["error", "skipped"]
                assert statuses(reply) == expected, computer
            assert errors(simulated) == errors(real)
            assert state.lease is None


def statuses(reply: Reply) -> list[str]:
    return [result.status.value for result in reply.calls]


def errors(reply: Reply) -> list[tuple[str, str]]:
    return [
        (result.error.error_id.partition(",")[0], result.error.message)
        for result in reply.calls
        if result.error
    ]
