"""A formula in plain text reads as it would be typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.excerpt import excerpt
from comments_service.core.linear import plain
from comments_service.core.mathml import Node
from comments_service.core.text import render

READ = [
    (r"\frac12", "1/2"),
    (r"\frac{x-\mu}{\sqrt{\sigma^2+\epsilon}}", "(x − μ)/√(σ² + ϵ)"),
    (r"\frac{\frac ab}{c}", "(a/b)/c"),
    (r"-\frac{a}{b}", "−a/b"),
    (r"x^2+y_{ij}^{10}", "x² + yᵢⱼ¹⁰"),
    (r"x_\theta^{\alpha+1}", "x_θ^(α+1)"),
    (r"2^{2^n}", "2^(2ⁿ)"),
    (r"\sqrt2\sqrt{xy}\sqrt[3]{x}", "√2√(xy)∛x"),
    (r"\sum_{i=1}^n x_i", "∑_(i=1)^n xᵢ"),
    (r"\lim_{x\to0}f(x)", "lim_(x→0) f(x)"),
    (r"\sin^2x+\log n", "sin² x + log n"),
    (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", "(a, b; c, d)"),
    (r"f=\begin{cases}1&x>0\\0&\text{否则}\end{cases}", "f = {1, x > 0; 0, 否则}"),
    (r"\begin{aligned}a&=b\\&=c\end{aligned}", "a = b; = c"),
    (r"\mathbf{x}\in\mathbb{R}^n,\mathcal{L}", "x ∈ ℝⁿ, L"),
    (r"\hat x\bar y\vec v", "x̂ȳv⃗"),
    (r"f(x,y)", "f(x, y)"),
    (r"a-b,-c,e^{-x}", "a − b, −c, e⁻ˣ"),
    (r"|x|<\|y\|", "|x| < ‖y‖"),
    (r"a\equiv b\pmod n", "a ≡ b (mod n)"),
    (r"P(\text{阳性}\mid\text{患病})", "P(阳性 | 患病)"),
    (r"\phantom{x}y", "y"),
    (r"\binom nk", "binom(n, k)"),
    (r"E=mc^2\tag{7}", "E = mc² (7)"),
    (r"90^\circ", "90°"),
]


@pytest.mark.parametrize(("tex", "text"), READ)
def test_a_formula_reads_as_one_would_type_it(tex: str, text: str) -> None:
    assert render(f"$${tex}$$").excerpt == text


GOLDEN = Path(__file__).parents[1] / "data" / "mathml.jsonl"


def test_no_formula_leaves_a_command_or_a_line_end_behind() -> None:
    for line in GOLDEN.read_text("utf-8").splitlines():
        formula = json.loads(line)
        if "<math" in formula["html"]:
            assert not set(formula["excerpt"]) & set("\\\n$"), formula


NODES = st.recursive(
    st.builds(Node, st.sampled_from("mi mn mo mtext".split()), text=st.text(max_size=4)),
    lambda inner: st.builds(
        Node,
        st.sampled_from("math mrow msqrt mphantom mtd".split()),
        children=st.lists(inner, max_size=4),
    )
    | st.builds(
        Node, st.sampled_from("mfrac msub msup munder mover mroot".split()),
        children=st.lists(inner, min_size=2, max_size=2),
    )
    | st.builds(
        Node, st.sampled_from("msubsup munderover".split()),
        children=st.lists(inner, min_size=3, max_size=3),
    ),
    max_leaves=12,
)  # fmt: skip


@given(NODES)
def test_any_formula_becomes_one_line_in_proportion_to_it(node: Node) -> None:
    text = plain(node)
    assert "\n" not in text and text == " ".join(text.split())
    assert len(text) <= 40 * size(node) + 40


def size(node: Node) -> int:
    return 1 + len(node.text) + sum(map(size, node.children))


def test_an_excerpt_holds_the_formula_in_plain_text() -> None:
    rendered = render("若 $a<b$，则 $\\nope$。")
    assert rendered.excerpt == "若 a < b，则 $\\nope$。"
    assert excerpt([]) == ""
