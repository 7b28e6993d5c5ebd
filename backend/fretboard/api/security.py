"""Who asks, and whether they may: one middleware before everything else."""

import ipaddress

from starlette.requests import HTTPConnection

from fretboard.api.security_tokens import Principal

PRINCIPAL = "fretboard.principal"  # the guard's finding, in the ASGI scope


def client_of(connection: HTTPConnection) -> str:
    """One name per client, for limits and fair order: its token's hash, else its address."""
    found: Principal | None = connection.scope.get(PRINCIPAL)
    return found.name if found is not None else address_of(connection)


def address_of(connection: HTTPConnection) -> str:
    """`address:…`; an IPv6 client is its /64, which is one household's, not one machine's."""
    host = connection.client.host if connection.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"address:{host}"
    if isinstance(address, ipaddress.IPv6Address) and not address.is_loopback:
        return f"address:{ipaddress.ip_network((address.packed, 64), strict=False)}"
    return f"address:{address}"
