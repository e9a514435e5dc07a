"""Networks: what one line of the internet gets, and what a rule or a limit means by an address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Beyond what the standard library calls global: whole families that lead to other places, and a cloud's own host.
_CLOSED: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "168.63.129.16/32",  # what each machine in one large cloud reaches its host by
        "192.0.0.0/24",
        "192.88.99.0/24",
        "::/96",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
        "64:ff9b:1::/48",
    )
)
_TRANSLATED = IPv6Network("64:ff9b::/96")
_LOW = 2**32 - 1


def network_of(address: str) -> str:
    """Return the network of an address: an IPv4 address itself, the /64 of an IPv6 one.

    What is no address is returned as it is.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{parsed}/64", strict=False)) if parsed.version == 6 else address


def plain_address(text: str) -> str:
    """Return an IPv4 address that a socket for both families writes as an IPv6 one ('::ffff:') as itself.

    Else all of them were one network. What is no address is returned as it is.
    """
    try:
        mapped = getattr(ip_address(text), "ipv4_mapped", None)
    except ValueError:
        return text
    return str(mapped) if mapped else text


def address_of(text: str) -> Address:
    """Return an address; a zone, which only this machine knows, is left off. Raises ValueError."""
    return ip_address(text.partition("%")[0])


def reachable(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Say whether a call to an address leads to the public internet, or to a network that is allowed."""
    meant = _meant(address)
    return any(meant.version == net.version and meant in net for net in allowed) or _public(meant)


def _public(address: Address) -> bool:
    open_ = address.is_global and not address.is_multicast and not address.is_reserved
    return open_ and not any(address.version == net.version and address in net for net in _CLOSED)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    return IPv4Address(int(address) & _LOW) if address in _TRANSLATED else address
