"""How moderators keep filters of the queue under a name."""

from __future__ import annotations

from comments_service.core.characters import clean_line
from comments_service.core.draft import comment_number
from comments_service.core.permissions import Actor
from comments_service.core.sentence import Note
from comments_service.errors import BadFields, FieldError
from comments_service.service import Service
from comments_service.storage import filters
from comments_service.storage.filters import Saved

MOST, LONGEST_NAME, LONGEST_QUERY = 30, 60, 1_500


def _owner(actor: Actor) -> int:
    """Return the moderator's number; scripts keep no filters."""
    kind, _, number = actor.name.partition(":")
    return int(number) if kind == "moderator" else 0


async def saved(service: Service, actor: Actor) -> list[Saved]:
    """Return the filters that a moderator has saved, by name."""
    owner = _owner(actor)
    return await filters.of_moderator(service.database, owner) if owner else []


async def save(service: Service, actor: Actor, name: str, query: str) -> None:
    """Save a query of the queue's address under a name; a known name gets the new one.

    Raises BadFields.
    """
    name = clean_line(name)
    if not 1 <= len(name) <= LONGEST_NAME or len(query) > LONGEST_QUERY:
        sentence = Note("Name the filter, in at most %(most)s characters.", most=LONGEST_NAME)
        raise BadFields(FieldError("name", "missing", sentence))
    owner, now = _owner(actor), service.clock()
    if len(await saved(service, actor)) >= MOST:
        sentence = Note("You have %(most)s filters: forget one first.", most=MOST)
        raise BadFields(FieldError("name", "too_many", sentence))
    fresh = Saved(service.ids(), name, query)
    if owner:
        await service.database.write(lambda tx: filters.save(tx, fresh, owner, now))


async def forget(service: Service, actor: Actor, text: str) -> None:
    """Forget a filter by its number; one that is not there is forgotten already."""
    owner, number = _owner(actor), comment_number(text) or 0
    await service.database.write(lambda tx: filters.remove(tx, owner, number))
