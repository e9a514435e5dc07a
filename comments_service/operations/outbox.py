"""The outbox at work: notices are taken by a lease, sent by a worker, and settled; dead ones are sent again by hand."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace

from comments_service.core.notices import (
    MOST_ATTEMPTS,
    OWN,
    SECOND,
    Notice,
    Result,
    State,
    excerpt_of,
    pause,
)
from comments_service.core.permissions import Actor
from comments_service.errors import NoticeUnknown
from comments_service.operations import logbook
from comments_service.operations.permitting import need
from comments_service.service import Service
from comments_service.storage import outbox
from comments_service.storage.database import Transaction

LEASE_SECONDS = 60
"""How long a worker may take to send a notice before another one sends it once more."""
DAY = 24 * 3600 * SECOND
KEPT: dict[State, int] = {"sent": 30 * DAY, "dead": 90 * DAY}
"""How long what was sent, and what could not be, is kept."""

_LOOKED_AT = 200
_PIECE = 500


async def take(
    service: Service, lease: str, running: Mapping[str, int], room: int, each: int, outside: int
) -> list[Notice]:
    """Lease notices that are due: at most `room`, and of each destination `each` with those that run.

    `outside` is how many of all that run may be for destinations that others chose: however many of
    those hang, what the house itself has to do goes on.
    """
    now = service.clock()
    outside -= sum(number for name, number in running.items() if name not in OWN)
    busy = [name for name, number in running.items() if number >= each]
    only = OWN if outside <= 0 else ()
    found = await outbox.candidates(service.database, now, busy, _LOOKED_AT, only)
    used, chosen = Counter(running), defaultdict[int, list[int]](list)
    for bucket, number, destination in found:
        theirs = destination not in OWN
        if room > 0 and used[destination] < each and (outside > 0 or not theirs):
            chosen[bucket].append(number)
            used[destination] += 1
            room -= 1
            outside -= theirs
    until = now + LEASE_SECONDS * SECOND
    taken: list[Notice] = []
    for bucket, numbers in chosen.items():
        taken += await _take(service, bucket, numbers, lease, now, until)
    return taken


async def _take(
    service: Service, bucket: int, numbers: list[int], lease: str, now: int, until: int
) -> list[Notice]:
    return await service.database.write(
        lambda tx: outbox.take(tx, bucket, numbers, lease, now, until)
    )


async def settle(service: Service, notice: Notice, result: Result, dice: float) -> None:
    """Store what came of an attempt: done, to be tried again later, or dead."""
    now = service.clock()
    result = replace(result, answer=excerpt_of(result.answer))
    if result.verdict == "needless" and notice.arrived:  # it stays on record that it was sent
        said = "Not sent again: it is not so any more."
        result = Result("sent", said, notice.status, notice.milliseconds)
    if result.verdict == "needless":
        await service.database.write(lambda tx: outbox.remove(tx, notice))
        return
    again = result.verdict == "later" and notice.attempts < MOST_ATTEMPTS
    state: State = "sent" if result.verdict == "sent" else "waiting" if again else "dead"
    due_at = now + pause(notice.attempts, dice) if again else now
    await service.database.write(lambda tx: outbox.settle(tx, notice, result, state, now, due_at))


async def next_due(service: Service) -> int | None:
    """Return when the next notice is due, in microseconds since 1970."""
    return await outbox.next_due(service.database)


async def give_back(service: Service, lease: str = "") -> None:
    """End the leases of a worker that ends, or, where no other process can be at work, all."""
    await service.database.write(lambda tx: outbox.give_back(tx, lease, service.clock()))


async def tidy(service: Service) -> int:
    """Forget what was sent, or could not be, long ago; return how many there were."""
    done = 0
    for state, kept in KEPT.items():
        before = service.clock() - kept

        async def forget(tx: Transaction, state: State = state, before: int = before) -> int:
            return await outbox.tidy(tx, state, before, _PIECE)

        while number := await service.database.write(forget):
            done += number
    return done


# --- What owners see and do ---


async def listed(
    service: Service, actor: Actor, state: State, before: int, limit: int
) -> list[Notice]:
    """Return notices of a state on the actor's sites, the newest first. Raises NotPermitted."""
    need(actor, "manage", min(actor.sites or {0}))
    return await outbox.listed(service.database, state, before, limit, sites=actor.sites)


async def send_again(service: Service, actor: Actor, notice_id: int) -> Notice:
    """Have a notice sent once more, under its old id. Raises NotPermitted, NoticeUnknown."""
    notice = await outbox.find(service.database, notice_id)
    if notice is None or notice.state == "told":
        raise NoticeUnknown
    if notice.kind == "event" and notice.state != "dead":  # it waits, so that it can be undone
        raise NoticeUnknown
    need(actor, "manage", notice.site_id)
    act = logbook.house_act(
        service, actor.name, "send_again", site_id=notice.site_id, notice=str(notice_id)
    )

    async def again(tx: Transaction) -> None:
        if not await outbox.again(tx, notice.bucket, notice.id, service.clock()):
            raise NoticeUnknown
        await logbook.write(tx, service, [act])

    await service.database.write(again)
    return notice


async def send_all_again(service: Service, actor: Actor) -> int:
    """Have every dead notice of the actor's sites sent once more. Raises NotPermitted."""
    done, before = 0, 2**62
    while found := await listed(service, actor, "dead", before, _PIECE):
        before = found[-1].id

        async def again(tx: Transaction, found: list[Notice] = found) -> int:
            now = service.clock()
            return sum([await outbox.again(tx, one.bucket, one.id, now) for one in found])

        done += await service.database.write(again)
    if done:
        act = logbook.house_act(service, actor.name, "send_again", number=done)
        await service.database.write(lambda tx: logbook.write(tx, service, [act]))
    return done
