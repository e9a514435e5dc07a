"""`python -m bench.text`: what rendering a comment costs, as a ratio to Markdown alone.

Processor time of one process, no server. Subject and baseline take turns in each round.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt

from comments_service.core import text

_ROUNDS = 9
_BODY = 10_000  # code points, the limit of a comment
_DATA = Path(__file__).parents[1] / "tests" / "data" / "comments.jsonl"

# Each fills a comment with what has made some program slow.
_HARD = {
    "open brackets": "[",
    "images": "![",
    "nested quotes": "> ",
    "emphasis": "**中*a ",
    "code spans": "`a``b```",
    "open displays": "\\[\n",
    "open environments": "\\begin{align}\n",
    "small formulas": "$x$ ",
    "primes": "$" + "x'" * 700 + "$ ",
    "empty cells": "$$\\begin{matrix}" + "&" * 1800 + "\\end{matrix}$$\n\n",
    "empty rows": "$$\\begin{matrix}" + "\\\\" * 1800 + "\\end{matrix}$$\n\n",
    "macros": r"$\def\a#1{#1#1}\a{\a{\a{\a{\a{xxxx}}}}}$ ",
    "brackets in formulas": "$" + "([" * 6 + "$ ",
    "fractions": "$" + r"\frac{1}{" * 50 + "x" + "}" * 50 + "$ ",
    "table": "|a|b|\n|-|-|\n" + "|$x$|\n" * 1000,
    "references": "由(7)式 \\eqref{eq:a} ",
}


def _seconds(work: Callable[[str], object], sources: list[str]) -> list[float]:
    spent = []
    for source in sources:
        begun = time.process_time()
        work(source)
        spent.append(time.process_time() - begun)
    return spent


def main() -> None:
    """Print the cost of a typical comment, and of the worst that we know."""
    comments = [json.loads(line)["body"] for line in _DATA.read_text("utf-8").splitlines()]
    markdown = MarkdownIt("commonmark").enable("table")
    rounds = []
    for _ in range(_ROUNDS):
        ours, theirs = _seconds(text.render, comments), _seconds(markdown.render, comments)
        rounds.append((statistics.fmean(ours), max(ours), sum(ours) / sum(theirs)))
    means, longest, ratios = zip(*rounds, strict=True)
    print(f"{len(comments)} comments, {statistics.fmean(map(len, comments)):.0f} characters each")
    print(
        f"mean {statistics.median(means) * 1e3:.2f} ms, longest {statistics.median(longest) * 1e3:.2f} ms"
    )
    print(
        f"{statistics.median(ratios):.1f} times Markdown alone ({min(ratios):.1f}-{max(ratios):.1f})"
    )
    for name, piece in _HARD.items():
        source = (piece * _BODY)[:_BODY]
        spent = min(_seconds(text.render, [source] * 3))
        alone = min(_seconds(markdown.render, [source] * 3))
        print(f"{name:22} {spent * 1e3:7.1f} ms  {spent / alone:6.1f} times Markdown alone")


if __name__ == "__main__":
    main()
