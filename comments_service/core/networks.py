"""Networks: what one line of the internet gets, and what a rule or a limit means by an address."""

from __future__ import annotations

from ipaddress import ip_address, ip_network


def network_of(address: str) -> str:
    """Return the network of an address: an IPv4 address itself, the /64 of an IPv6 one.

    What is no address is returned as it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else address
