"""How much one network may ask of this process in a minute, and hold open at once."""

from __future__ import annotations

import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from comments_service.core.networks import network_of
from comments_service.errors import StreamsFull, TooManyRequests

_MINUTE = 60.0
_MOST_NETWORKS = 10_000
_MOST_REMEMBERED = 1_000


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


class Guesses:
    """Bounds wrong guesses at one account's secret, without locking anybody out.

    Each network has `own` wrong guesses in a time at each account, which nobody can take from it.
    Past them it shares in `most`, all networks together. So a stranger who guesses on and on is
    slowed down, and whoever has the account still gets in from elsewhere, at once. Where there are few to
    guess among, `end` ends that: past so many in all nobody is heard for a time.
    """

    def __init__(
        self, own: int, most: int, seconds: float, on: bool, end: int = _MOST_REMEMBERED + 1
    ) -> None:
        self._own, self._most, self._seconds, self._on = own, most, seconds, on
        self._end = end
        self._wrong: OrderedDict[str, deque[tuple[float, str]]] = OrderedDict()

    @contextmanager
    def one(self, account: str, address: str) -> Iterator[None]:
        """Count one guess, unless what is done here succeeds. Raises TooManyRequests."""
        if not self._on:
            yield
            return
        now, network = time.monotonic(), network_of(address)
        wrong = self._of(account, now)
        self._refuse(wrong, network, now)
        guess = (now, network)
        wrong.append(guess)  # at once: many may be on their way together
        yield
        with suppress(ValueError):  # where very many followed it is forgotten already
            wrong.remove(guess)

    def _of(self, account: str, now: float) -> deque[tuple[float, str]]:
        wrong = self._wrong.setdefault(account, deque(maxlen=_MOST_REMEMBERED))
        self._wrong.move_to_end(account)
        if len(self._wrong) > _MOST_NETWORKS:
            self._wrong.popitem(last=False)
        while wrong and wrong[0][0] < now - self._seconds:
            wrong.popleft()
        return wrong

    def _refuse(self, wrong: deque[tuple[float, str]], network: str, now: float) -> None:
        mine = [at for at, other in wrong if other == network]
        if len(wrong) >= self._end:
            free = wrong[-self._end][0]
        elif len(mine) < self._own or len(wrong) < self._most:
            return
        else:
            free = min(mine[-self._own], wrong[-self._most][0])
        raise TooManyRequests(int(free + self._seconds - now) + 1)


class Places:
    """Has `most` places in this process, of which one network gets `each` where limits are on."""

    def __init__(self, most: int, each: int, on: bool) -> None:
        self._most, self._each = most, each if on else most
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Return how many places are taken."""
        return self._taken.total()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Take a place for as long as the block runs. Raises StreamsFull, TooManyRequests."""
        network = network_of(address)
        if self.taken >= self._most:
            raise StreamsFull
        if self._taken[network] >= self._each:
            raise TooManyRequests(int(_MINUTE))
        self._taken[network] += 1
        try:
            yield
        finally:
            self._taken[network] -= 1
            self._taken += Counter()  # forgets those who have none
