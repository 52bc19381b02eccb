"""What can be seen of a host without logging on; nothing that a person has to hide is sent."""

import socket
from contextlib import closing

from remediate.model.certificate import Certificate
from remediate.model.host import Host
from remediate.transport.classify import Known, classify
from remediate.transport.errors import ProtocolError
from remediate.transport.protocol import CONNECT_SECONDS, Deadline
from remediate.transport.tls import looking_context, shown_certificate
from remediate.transport.tunnel import TunnelError, tunnel


def certificate_of(host: Host, deadline: Deadline) -> Certificate:
    """What a host shows in TLS, whether it is to be believed or not.

    Raises:
        TransportError: it cannot be had.
    """
    try:
        with closing(_connected(host, deadline)) as plain:
            plain.settimeout(min(CONNECT_SECONDS, deadline.left))
            context = looking_context()
            with context.wrap_socket(plain, server_hostname=host.address) as talk:
                certificate = shown_certificate(talk)
    except (OSError, TunnelError) as error:
        raise classify(error, host.name, Known(tls=True, heard=False)) from error
    if certificate is None:
        raise ProtocolError(host.name, "it speaks TLS, and shows no certificate")
    return certificate


def _connected(host: Host, deadline: Deadline) -> socket.socket:
    patience = min(CONNECT_SECONDS, deadline.left)
    if host.proxy is not None:
        return tunnel(host.proxy, host.address, host.port, Deadline(patience))
    return socket.create_connection((host.address, host.port), timeout=patience)
