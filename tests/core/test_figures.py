"""Figures: what counts as waiting, as a decision against a rule, and as a day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core import charts
from comments_service.core.figures import (
    DAY,
    PERIODS,
    Act,
    Period,
    Ruled,
    Waiting,
    columns,
    named,
    percentile,
    ruled,
)

MINUTE = 60_000_000
TODAY = 20_000
PERIOD = Period.until(TODAY * DAY + 5, 7)


def act(comment_id: int = 1, after: str = "approved", **more: Any) -> Act:
    chosen = {
        "at": TODAY * DAY, "actor": "moderator:1", "comment_id": comment_id, "action": "approve",
        "before": "pending", "after": after, "rule": "mode:1", "since": TODAY * DAY - MINUTE,
    }  # fmt: skip
    return Act(**(chosen | more))


def held(comment_id: int, *rules: str) -> tuple[int, int, str]:
    return 0, comment_id, json.dumps([{"rule": rule, "code": "x"} for rule in rules])


@given(st.lists(st.integers(0, 100), min_size=1), st.sampled_from([50, 95]))
def test_a_percentile_is_the_least_that_so_many_dont_exceed(
    values: list[int], hundredths: int
) -> None:
    found = percentile(sorted(values), hundredths)
    assert found in values
    enough = len(values) * hundredths
    assert 100 * sum(value <= found for value in values) >= enough
    assert 100 * sum(value < found for value in values) < enough


def test_of_no_waits_there_is_no_percentile() -> None:
    assert Waiting.of([]) == Waiting(0, None, None)
    assert Waiting.of([7]) == Waiting(1, 7, 7)


@pytest.mark.parametrize("days", PERIODS)
def test_columns_have_each_day_once_today_the_last(days: int) -> None:
    period = Period.until(TODAY * DAY + DAY - 1, days)
    found = [day for column in period.columns() for day in column]
    assert found == list(range(TODAY - days + 1, TODAY + 1))
    assert len(period.columns()[-1]) == period.step == (7 if days == 365 else 1)


def test_days_are_those_of_utc_and_an_empty_one_is_zero() -> None:
    waits = [act(at=TODAY * DAY - 1, since=TODAY * DAY - MINUTE), act(2), act(3)]
    decisions = {(TODAY, "approve"): 2, (TODAY - 1, "approve"): 1, (TODAY - 1, "spam"): 3}
    *_, before, today = found = columns(PERIOD, {TODAY: 4}, decisions, waits)
    assert [column.comments for column in found] == [0, 0, 0, 0, 0, 0, 4]
    assert (before.acts, today.acts) == ({"approve": 1, "spam": 3}, {"approve": 2})
    assert [column.waiting.count for column in found] == [0, 0, 0, 0, 0, 1, 2]
    assert before.waiting.p50 == MINUTE - 1


@pytest.mark.parametrize(
    "who",
    [
        {"after": "pending"},
        {"before": "approved", "after": "spam"},
        {"action": "undo"},
        {"actor": "rule:reports", "after": "spam"},
        {"rule": "import:1"},
    ],
)
def test_only_who_decides_on_what_waits_ends_a_wait(who: dict[str, Any]) -> None:
    assert act().waited == MINUTE
    assert act(**who).waited is None


def test_a_rule_is_judged_by_what_people_left_its_comments_at() -> None:
    newest_first = [
        act(1, "spam", before="approved"),  # let through first, then taken away
        act(1, "approved"),
        act(2, "approved"),
        act(3, "pending", action="undo"),  # nobody has decided on it, after all
        act(3, "approved"),
        act(4, "pending", before="approved", actor="rule:reports", rule=""),
        act(5, "approved", rule="mode:1 12:3"),
    ]
    arrived = [held(number, "mode") for number in (1, 2, 3)] + [held(5, "mode", "12")]
    assert ruled(8, arrived, newest_first) == [
        Ruled("mode", 4, 0.5, 3, 2),
        Ruled("12", 1, 0.125, 1, 1),
        Ruled("reports", 1, 0.125, 0, 0),
    ]
    assert [item.rate for item in ruled(8, arrived, newest_first)] == [2 / 3, 1.0, None]
    assert ruled(0, [], []) == []


@pytest.mark.parametrize(
    ("does", "left_at", "found"),
    [
        ("publish", "approved", (1, 0)),
        ("publish", "spam", (1, 1)),
        ("publish", "pending", (1, 1)),
        ("hold", "pending", (0, 0)),
        ("hold", "rejected", (1, 0)),
        ("spam", "pending", (1, 1)),
        ("spam", "deleted", (1, 0)),
    ],
)
def test_against_a_rule_is_what_it_would_not_have_done(
    does: str, left_at: str, found: tuple[int, int]
) -> None:
    decided = [act(1, left_at, rule="12:1")]
    [item] = ruled(1, [held(1, "12")], decided, {"12": does})
    assert (item.decided, item.overturned) == found


def test_the_rules_are_those_of_reasons_and_of_acts() -> None:
    assert named([held(1, "mode", "12")], [act(rule="7:2 mode:1"), act(rule="")]) == {
        "mode", "12", "7",
    }  # fmt: skip


@given(st.lists(st.lists(st.floats(0, 1e6), min_size=2, max_size=2), max_size=60))
def test_bars_stay_within_their_chart_and_stand_upon_each_other(stacks: list[list[float]]) -> None:
    drawn = charts.stacked(stacks)
    assert drawn.ticks[1].value * 2 == drawn.ticks[2].value >= max(map(sum, stacks), default=0)
    for bar in drawn.bars:
        assert bar.x >= 0 and bar.x + bar.width <= 100.001
        below = sum(stacks[bar.column][: bar.series])
        assert bar.y + bar.height == pytest.approx(100 - 100 * below / drawn.ticks[2].value)
        assert bar.y >= -0.001


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=60))
def test_lines_stay_within_their_chart_and_leave_gaps(values: list[float | None]) -> None:
    drawn = charts.durations([values])
    assert len(drawn.ticks) >= 2
    assert all(0 <= dot.x <= 100 and -0.001 <= dot.y <= 100.001 for dot in drawn.dots)
    assert [dot.column for dot in drawn.dots] == [
        n for n, value in enumerate(values) if value is not None
    ]
    assert all(b.column == a.column + 1 for a, b in drawn.strokes)
