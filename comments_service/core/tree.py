"""Places: floors for roots, ordinals and sort paths for replies, and the tree made from a page's rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from comments_service.core.models import Comment

SHOWN_REPLIES = 50
"""Replies shown below a root on its page: the first ones published. The page index has the same bound."""

MAX_NESTING = 6
"""Levels of replies that are indented; deeper ones stand beside their deepest indented ancestor."""

_DIGITS = 8  # decimal digits sort alike in every collation


def reply_path(parent_path: str, ordinal: int) -> str:
    """Return the sort path of a reply, at most MAX_NESTING segments long."""
    kept = parent_path[: (MAX_NESTING - 1) * _DIGITS]
    return f"{kept}{ordinal:0{_DIGITS}d}"


def nesting(path: str) -> int:
    """Return the level at which a path is shown, 0 for a root."""
    return len(path) // _DIGITS


@dataclass(slots=True)
class Node:
    """A comment and the replies shown below it."""

    comment: Comment
    replies: list[Node] = field(default_factory=list)


def grow(rows: Iterable[Comment]) -> list[Node]:
    """Build the trees of a page from its rows in display order, in one pass."""
    roots: list[Node] = []
    branch: list[Node] = []  # the nodes above the next row, by level
    for comment in rows:
        node = Node(comment)
        level = nesting(comment.path)
        del branch[level:]
        (branch[-1].replies if branch else roots).append(node)
        branch.append(node)
    return roots


def prune(nodes: list[Node]) -> list[Node]:
    """Drop what readers can't see, keeping as a tombstone what has something to show below it.

    A root whose only visible replies stand past the shown ones is kept too.
    """
    kept = []
    for node in nodes:
        node.replies = prune(node.replies)
        if node.comment.visible or node.replies or node.comment.replies:
            kept.append(node)
    return kept


def size(node: Node) -> int:
    """Count the visible replies below a node."""
    return sum(reply.comment.visible + size(reply) for reply in node.replies)
