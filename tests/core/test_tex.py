r"""TeX as people write it becomes TeX that math-core reads, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core import shims, tex
from comments_service.core.macros import Expansion, Macros
from comments_service.core.tex import Fault


def written(source: str, display: bool = True, macros: Macros | None = None) -> str:
    expansion = Expansion({} if macros is None else macros)
    row = shims.drawable(tex.tokens(source), expansion, display)
    tex.check(row)
    return tex.Written(row).tex


def fault(source: str) -> Fault:
    with pytest.raises(Fault) as caught:
        written(source)
    return caught.value


REWRITTEN = [
    (r"x % a comment", "x "),
    (r"a %% b" + "\n c", "a c"),
    (r"\alpha x\% y", r"\alpha x\% y"),
    ("99%", r"99\%"),
    ("50 %", r"50 \%"),
    ("x=5%, y", r"x=5\%, y"),
    (r"\frac{a%}{b}", r"\frac{a\%}{b}"),
    (r"a=5%\,b" + "\n c", r"a=5\%\,b" + "\n c"),
    ("a%\n b % c", "ab "),
    (r"\begin{split}a&=b\end{split}", r"\begin{aligned}a&=b\end{aligned}"),
    (r"\begin{alignat}{2}a&=b\end{alignat}", r"\begin{align}a&=b\end{align}"),
    (r"\begin{flalign*}a&=b\end{flalign*}", r"\begin{align*}a&=b\end{align*}"),
    (r"\begin{aligned}[t]a\end{aligned}", r"\begin{aligned}a\end{aligned}"),
    (
        r"\begin{eqnarray}a&=&b\\c&\le&d\end{eqnarray}",
        r"\begin{align}a&=b\\c&\le d\end{align}",
    ),
    (
        r"\begin{psmallmatrix}a&b\end{psmallmatrix}",
        r"\left(\begin{matrix}a&b\end{matrix}\right)",
    ),
    (
        r"\begin{pmatrix*}[r]a\end{pmatrix*}",
        rf"\left(\begin{{array}}{{{'r' * 20}}}a\end{{array}}\right)",
    ),
    (r"\begin{pmatrix}[a]\end{pmatrix}", r"\begin{pmatrix}[a]\end{pmatrix}"),
    (r"\begin{array}{@{}c|*{2}{r}p{2cm}@{}}a\end{array}", r"\begin{array}{c|rrl}a\end{array}"),
    (r"\cases{a&b\cr c&d}", r"\begin{cases}a&b\\ c&d\end{cases}"),
    (r"\begin{aligned}a\\[4pt]b\\*c\end{aligned}", r"\begin{aligned}a\\b\\c\end{aligned}"),
    (r"\begin{aligned}a\\[x]b\end{aligned}", r"\begin{aligned}a\\[x]b\end{aligned}"),
    (r"a\\b", r"\begin{gathered}a\\b\end{gathered}"),
    (r"\text{偶 $n$ 数}", r"{\text{偶 }{n}\text{ 数}}"),
    (r"\mbox{a}\textbf{b}", r"\text{a}\textbf{b}"),
    (r"\text{a_b #1 50\% x}", r"\text{a\_b \#1 50\%{} x}"),
    (r"\mathop{\mathrm{arg}}\limits_x", r"\operatorname*{arg}_x"),
    (r"\mathop{\mathbb E}_{x}^n f", r"{\overset{n}{\underset{x}{\mathbb E}}}\,f"),
    (r"\left<a\right>\bigl<b\bigr.", r"\left\langle a\right\rangle\bigl\langle b"),
    ("√2+√(x+1)+√{ab}+∛y", r"\sqrt{2}+\sqrt{x+1}+\sqrt{ab}+\sqrt[3]y"),
    (r"\root 3\of{x}", r"\sqrt[ 3]{x}"),
    ("x^'", "x'"),
    (r"\large x", r" x"),
    (r"\hspace*{1em}x", r"\hspace{1em}x"),
    (r"\substack{a\\b}", r"\begin{subarray}{c}a\\b\end{subarray}"),
    (r"\cancelto{0}{x}\symup{d}", r"{\cancel{x}}^{0}\mathrm{d}"),
    (r"\abs{x}\pmb{y}", r"\left|{x}\right|\boldsymbol{y}"),
    (
        r"\pdv[2]{f}{x}\dv{f}{x}",
        r"\frac{\partial^{2}f}{\partial x^{2}}\frac{\mathrm{d}^{}f}{\mathrm{d}x^{}}",
    ),
    (r"\tag{a_$x$}", r"\tag{a_$x$}"),
]


@pytest.mark.parametrize(("source", "expected"), REWRITTEN)
def test_what_people_write_is_put_in_other_words(source: str, expected: str) -> None:
    assert written(source) == expected


DEFINED = [
    (r"\newcommand{\R}{\mathbb{R}} x\in\R^n", r" x\in\mathbb{R}^n"),
    (r"\newcommand\E{\mathbb E}\E[X]", r"\mathbb E[X]"),
    (
        r"\newcommand{\pd}[2]{\frac{\partial #1}{\partial #2}}\pd fx",
        r"\frac{\partial f}{\partial x}",
    ),
    (r"\newcommand{\abs}[2][1]{|#2|_{#1}}\abs[p]{x}\abs{y}", r"|x|_{p}|y|_{1}"),
    (r"\renewcommand{\vec}[1]{\mathbf{#1}}\vec{x}", r"\mathbf{x}"),
    (r"\def\a#1#2{#2#1}\a{x}y", "yx"),
    (r"\let\eps=\varepsilon\eps>0", r"\varepsilon>0"),
    (r"\newcommand{\x}{a}\providecommand{\x}{b}\x", "a"),
    (r"\DeclareMathOperator*{\argmin}{arg\,min}\argmin_x", r"\operatorname*{arg\,min}_x"),
    (r"\newcommand{\a}{\alpha}\a b", r"\alpha b"),
    (r"\def\x{\text{a $\y$}}\def\y{z}\x", r"{\text{a }{z}}"),
]


@pytest.mark.parametrize(("source", "expected"), DEFINED)
def test_macros_are_expanded(source: str, expected: str) -> None:
    assert written(source) == expected


def test_a_definition_holds_for_later_formulas() -> None:
    macros: Macros = {}
    written(r"\newcommand{\R}{\mathbb{R}}", macros=macros)
    assert written(r"\R", macros=macros) == r"\mathbb{R}"


ENDLESS = {
    "36 characters": r"\def\a{{{{{{{{{{{{{\a}}}}}}}}}}}}}\a",
    "nested arguments": r"\def\a#1{#1#1}" + r"\a{" * 20 + "x" + "}" * 20,
    "two that call each other": r"\def\a{\b}\def\b{\a}\a",
    "a long body": r"\def\a{" + "x" * 1000 + "}" + r"\a" * 20,
    "itself": r"\newcommand{\vec}[1]{\hat{\vec{#1}}}\vec{x}",
    "a renamed macro": r"\let\a\a\a",
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=ENDLESS)
def test_macros_that_grow_without_end_are_a_fault(source: str) -> None:
    assert fault(source).code == "formula_endless"


DEEP = {
    "braces": "{" * 200 + "}" * 200,
    "fractions": r"\frac{1}{" * 61 + "}" * 61,
    "fences": r"\left(" * 61 + r"\right)" * 61,
    "accents": r"\hat" * 61 + "x",
    "styles": r"\displaystyle " * 61,
    "brackets": "([" * 20,
    "scripts": "x^{" * 61 + "}" * 61,
}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_what_would_end_a_native_program_is_a_fault(source: str) -> None:
    assert fault(source).code == "formula_too_deep"


BROKEN = [
    (r"\href{https://e.org}{x}", "formula_refused", r"\href"),
    (r"a+\newcommand{\u}{\url{x}}\u", "formula_refused", r"\u"),
    (r"\frac{1}{2}+\text", "formula_unfinished", r"\text"),
    (r"a+\text{b", "formula_unbalanced", "{"),
    (r"\def\a#2{x}", "formula_definition", r"\a"),
    (r"\newcommand{ab}{x}", "formula_definition", "a"),
    (r"\newcommand{\a}[1]{#2}", "formula_definition", "#"),
]


@pytest.mark.parametrize(("source", "code", "place"), BROKEN)
def test_a_fault_has_a_code_and_a_place(source: str, code: str, place: str) -> None:
    found = fault(source)
    assert found.code == code
    assert source[found.start : found.end] == place


PIECES = st.sampled_from(
    r"\a \b \def \newcommand \let \text \begin{array} \end{array} \begin{pmatrix*} \end{pmatrix*}"
    r" \left \right \mathop \limits \\ \tag \label \eqref \frac \sqrt \root \of { } [ ] # 1 2 $ % & ^"
    r" _ < . ' √ 中 x {x} {\a} *".split()
)


@given(st.lists(PIECES, max_size=40), st.booleans())
def test_any_tex_is_rewritten_or_a_fault_inside_it(pieces: list[str], display: bool) -> None:
    source = " ".join(pieces)
    place = (0, 0)
    try:
        assert len(written(source, display)) < 50_000
    except Fault as found:
        place = found.start, found.end
    assert 0 <= place[0] <= place[1] <= len(source)
