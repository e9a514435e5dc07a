"""How much one network may ask of this process in a minute."""

from __future__ import annotations

import time
from collections import OrderedDict, deque

from comments_service.core.networks import network_of
from comments_service.errors import TooManyRequests

_MINUTE = 60.0
_MOST_NETWORKS = 10_000


class Limit:
    """Admits `most` different things a minute from each network; the same thing again is free.

    An IPv6 network is a /64: what one line gets. Counts are this process's own.
    """

    def __init__(self, most: int, on: bool) -> None:
        self._most, self._on = most, on
        self._seen: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    def admit(self, address: str, thing: str = "") -> None:
        """Count one thing. Raises TooManyRequests with the seconds to wait."""
        if not self._on:
            return
        now, network = time.monotonic(), network_of(address)
        seen = self._seen.setdefault(network, deque())
        self._seen.move_to_end(network)
        if len(self._seen) > _MOST_NETWORKS:
            self._seen.popitem(last=False)
        while seen and seen[0][0] < now - _MINUTE:
            seen.popleft()
        if thing and any(thing == other for _, other in seen):
            return
        if len(seen) >= self._most:
            raise TooManyRequests(int(seen[0][0] + _MINUTE - now) + 1)
        seen.append((now, thing))
