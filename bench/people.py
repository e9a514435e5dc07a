"""What people write: the bodies of the bench, and the rows of whole threads of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from comments_service.core import text
from comments_service.core.models import Comment, Thread
from comments_service.core.threads import thread_number
from comments_service.core.tree import reply_path

DATA = Path(__file__).parents[1] / "tests" / "data" / "comments.jsonl"
TYPICAL = (
    "文中“$p(x)>0$”这个条件是否必要？我觉得 $p(x)\\geq 0$ 就够了:\n\n"
    "> 由 $\\int p(x)\\,dx = 1$ 可知结论成立\n\n"
    "See also **Theorem 2**, where $$\\sum_{i=1}^n x_i = 0.$$"
)
_NAMES = ("alice", "Bob", "小明", "苏轼", "Émile", "读者", "Γιώργος", "mathfan42")
_EPOCH_MS = 1_767_225_600_000  # as the ids of the service count
_FIRST = 1_769_904_000_000_000  # 2026-02-01, in microseconds
_STEP = 15_000_000
_BLOCK = 10  # comments written together: eight roots, then two replies to one of them


def sources(dice: random.Random, number: int) -> list[str]:
    """Return comments as people type them, of one to three paragraphs, half of them Chinese."""
    lines = [json.loads(line)["body"] for line in DATA.read_text("utf-8").splitlines()]
    return ["\n\n".join(dice.sample(lines, dice.choice((1, 1, 2, 3)))) for _ in range(number)]


@dataclass
class Writer:
    """Writes threads, one comment every 15 seconds; `seq` is the site's last change."""

    site_id: int
    page_size: int
    seq: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(11)
        self._sources = sources(self._dice, 300)
        self._shown = [text.render(source) for source in self._sources]

    def thread(self, key: str, size: int) -> Thread:
        """Return the thread as it will be when `size` comments are in it; ask before `comments`."""
        number = thread_number(self.site_id, key)
        floors = size * 8 // _BLOCK
        row = (number, self.site_id, key, None, f"Title of {key}", 1, self.page_size)
        return Thread(*row, floors, size, self.seq + size, _FIRST)

    def comments(self, thread: Thread) -> Iterator[Comment]:
        """Return the thread's comments in the order of their publication; each is one change."""
        for block in range(thread.count // _BLOCK):
            yield from self._block(thread, block * 8)

    def _block(self, thread: Thread, floors: int) -> list[Comment]:
        rows = [self._root(thread, floors + n + 1) for n in range(8)]
        chosen = self._dice.randrange(8)
        root = replace(rows[chosen], ordinals=2, replies=2)
        rows[chosen] = root
        first = self._reply(thread, root, root, 1)
        above = self._dice.choice((root, first))
        return [*rows, first, self._reply(thread, root, above, 2)]

    def _reply(self, thread: Thread, root: Comment, above: Comment, ordinal: int) -> Comment:
        bare = self._root(thread, root.root_floor or 0)
        return replace(
            bare,
            parent_id=above.id,
            root_id=root.id,
            depth=above.depth + 1,
            floor=None,
            ordinal=ordinal,
            path=reply_path(above.path, ordinal),
        )

    def _root(self, thread: Thread, floor: int) -> Comment:
        self.seq += 1
        at = _FIRST + self.seq * _STEP
        number = (at // 1000 - _EPOCH_MS) << 22
        which = self._dice.randrange(len(self._sources))
        shown = self._shown[which]
        return Comment(
            thread_id=thread.thread_id,
            id=number,
            site_id=self.site_id,
            parent_id=None,
            root_id=number,
            depth=0,
            floor=floor,
            root_floor=floor,
            ordinal=0,
            path="",
            ordinals=0,
            replies=0,
            status="approved",
            restores_to="approved",
            version=1,
            name=self._dice.choice(_NAMES),
            email="",
            website="" if which % 3 else "https://example.org/",
            address="192.0.2.1",
            agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            body=self._sources[which],
            html=shown.html,
            excerpt=shown.excerpt,
            renderer=shown.renderer,
            reasons="[]",
            submission_key=None,
            digest=f"{self.seq:032x}",
            fingerprint=f"{self.seq:032x}",
            created_at=at,
            published_at=at,
            edited_at=None,
            touched_at=at,
            network="192.0.2.1",
            simhash=0,
            reports=0,
            edits=0,
            moderator_id=None,
            identity="",
            badge="",
            votes=0,
        )
