"""What words tell: spam where moderators saw it, and nothing where they saw too little."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.kinds.base import Facts
from comments_service.core.kinds.learned import (
    KINDS,
    LEAST,
    MOST_WORDS,
    likelihoods,
    places_of,
    score,
    words_of,
)


def test_words_and_chinese_pairs_are_found_where_they_stand() -> None:
    text = "Best ＣＡＳＩＮＯ, 代开发票abc x"
    found = {
        word: [text[start:end] for start, end in spans] for word, spans in places_of(text).items()
    }
    assert found == {
        "best": ["Best"], "casino": ["ＣＡＳＩＮＯ"], "代开": ["代开"], "开发": ["开发"], "发票": ["发票"],
        "abc": ["abc"],
    }  # fmt: skip
    assert len(places_of(" ".join(f"word{n}" for n in range(2 * MOST_WORDS)))) == MOST_WORDS
    html = '<p><a href="https://casino.example/x">x</a></p>'
    assert words_of("", html, "https://a.example") == ["→ casino.example", "→ a.example"]


def test_nothing_is_said_before_enough_was_learned() -> None:
    assert likelihoods({"": (LEAST, LEAST - 1), "casino": (0, 9)}) == {}
    likely = likelihoods({"": (20, 20), "casino": (0, 10), "proof": (10, 0), "the": (20, 20)})
    assert likely["casino"] > 0.9 and likely["proof"] < 0.1 and likely["the"] == 0.5


def test_words_together_tell_more_than_one_and_contradict_each_other() -> None:
    assert 0.5 < score([0.9]) < score([0.9, 0.9, 0.9]) <= 1
    assert score([0.05, 0.05]) < 0.2
    assert abs(score([0.9, 0.1]) - 0.5) < 0.01
    assert score([]) == score([0.5, 0.45]) == 0.5


@given(st.lists(st.floats(0.001, 0.999), max_size=400))
def test_a_score_is_a_likelihood(likely: list[float]) -> None:
    assert 0 <= score(likely) <= 1


def test_the_words_that_speak_for_spam_are_marked() -> None:
    kind = KINDS["learned"]
    look = kind.look(kind.params.model_validate({"percent": "90"}))
    known = {"casino": 0.99, "poker": 0.98, "proof": 0.45}
    [match] = look(Facts(body="Casino and poker, no proof", learned=known))
    assert match.spans == ((0, 6), (11, 16))
    assert look(Facts(body="proof", learned={"proof": 0.02})) == ()
    assert look(Facts(body="Casino and poker")) == ()
