"""The wall around the formula renderer: what it is known to write passes, anything else does not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.drawing import Undrawable, mathml
from comments_service.core.mathml import Node, NotAllowed, guarded, html
from tests.allowed import stored_faults

DATA = Path(__file__).parents[1] / "data" / "formulas.jsonl"
FORMULAS = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]

REFUSED = [
    "",
    "text",
    "<math>text</math>",
    "<math></math><math></math>",
    "<math></math>x",
    "<p></p>",
    "<svg></svg>",
    "<mi>x</mi>",
    "<math><script>1</script></math>",
    "<math><mi><b>x</b></mi></math>",
    "<math><mtext><img src='x'/></mtext></math>",
    "<math><mtext><mi>x</mi></mtext></math>",
    "<math><mtext>a<b>b</b></mtext></math>",
    "<math><annotation-xml encoding='text/html'><p/></annotation-xml></math>",
    "<math><semantics><mi>x</mi></semantics></math>",
    "<math><mglyph/></math>",
    "<math><maction><mi>x</mi></maction></math>",
    "<math><mstyle><mi>x</mi></mstyle></math>",
    "<math href='x'></math>",
    "<math onclick='x'></math>",
    "<math><mi id='x'>x</mi></math>",
    "<math><mtext><a href='#x'>x</a></mtext></math>",
    "<math><mi style='color:red'>x</mi></math>",
    "<math><mrow style='color:#FF0000;position:fixed'><mi>x</mi></mrow></math>",
    "<math><mrow style='color:url(x)'><mi>x</mi></mrow></math>",
    "<math><mrow style='--x:1'><mi>x</mi></mrow></math>",
    "<math><mrow class='x'><mi>x</mi></mrow></math>",
    "<math><mrow class='comments-m-box'><mi>x</mi></mrow></math>",
    "<math><mspace width='calc(1em)'/></math>",
    "<math><mspace width='1vw'/></math>",
    "<math><mi mathvariant='bold'>x</mi></math>",
    "<math><mo stretchy='yes'>x</mo></math>",
    "<math><msup><mi>x</mi></msup></math>",
    "<math><msup><mi>x</mi><mi>y</mi><mi>z</mi></msup></math>",
    "<math><mtr><mtd/></mtr></math>",
    "<math><mtable><mtd/></mtable></math>",
    "<math><math></math></math>",
    "<math><!--x--></math>",
    "<math><![CDATA[x]]></math>",
    "<math><?x y?></math>",
    "<!DOCTYPE math><math></math>",
    "<!DOCTYPE m [<!ENTITY e 'x'>]><math><mi>&e;</mi></math>",
    "<math><mi>&nbsp;</mi></math>",
    "<math><mi>&#0;</mi></math>",
    "<math><mi>&#x202e;</mi></math>",
    "<math><mi>&#xe000;</mi></math>",
    "<math><mi>\x07</mi></math>",
    "<math xmlns='http://www.w3.org/1998/Math/MathML'></math>",
    "<math:math xmlns:math='x'></math:math>",
    "<math>" + "<mrow>" * 90 + "</mrow>" * 90 + "</math>",
    "<math>" + "<mi>x</mi>" * 4_001 + "</math>",
    "<math><mi>" + "x" * 200_001 + "</mi></math>",
]


@pytest.mark.parametrize("fragment", REFUSED, ids=range(len(REFUSED)))
def test_what_the_renderer_never_writes_is_refused(fragment: str) -> None:
    with pytest.raises(NotAllowed):
        guarded(fragment)


WRITTEN = [
    r"\begin{array}{|r:c||l|}\hline a&b&c\\\hdashline d&e&f\\\hline\end{array}",
    r"\begin{array}{c|c}a&b\\\hline c&d\end{array}",
    r"\color{red}x\textcolor{blue}{y}",
    r"\cancel{x}\bcancel{x}\xcancel{x}\boxed{x}\fbox{x}\phase{x}\angl{x}",
    r"\underline{x}\overline{xy}\widehat{xyz}\widetilde{xy}\hat{x}\vec{x}\dddot{x}\mathring{A}",
    r"\overbrace{x}^a\underbrace{x}_b\overbracket{x}\underparen{x}\overrightarrow{AB}\utilde{x}",
    r"\kern-3em\hspace{2em}\mkern3mu\!\,\;\quad\kern 2pt\hspace{-0.1ex}\hskip1cm",
    r"\phantom{x}\hphantom{x}\vphantom{x}\mathstrut\raisebox{1ex}{x}",
    r"\sideset{_a^b}{_c^d}\sum\prescript{a}{b}{X}{}_2F_1",
    r"\text{a \textbf{b \textit{c}} \textsc{d} \texttt{e} \emph{f}}\textsf{a}\textrm{b}",
    r"\begin{multline}a\\b\\c\end{multline}",
    r"\begin{gather}a\tag{1}\\b\end{gather}",
    r"\begin{align}a&=b&c&=d\\e&=f\tag{2}\end{align}",
    r"\begin{subarray}{l}a\\b\end{subarray}\binom nk\genfrac[]{0pt}{1}{a}{b}",
    r"\displaystyle x\textstyle y\scriptstyle z\scriptscriptstyle w\mathchoice{a}{b}{c}{d}",
    r"\big(\Big[\bigg\{\Bigg|\left.\middle/\right)",
    r"\xrightarrow[a]{b}\xleftarrow{}\xmapsto{x}\xhookrightarrow{x}\xrightleftharpoons{x}",
    r"\mathbb{A}\mathcal{B}\mathfrak{C}\mathscr{D}\mathsf{E}\mathtt{F}\mathbf{G}\boldsymbol{H}\mathrm{I}",
    r"\cfrac{1}{1+\cfrac{1}{2}}\dfrac12\tfrac12{a\over b}{a\choose b}\sqrt[3]{x}",
    r"\mathop{x}\mathbin{x}\mathrel{x}\mathord{x}\mathopen{x}\mathclose{x}\mathpunct{x}\mathinner{x}",
    r"f'''\ f''_a\ \not=\ \not\in\slashed{D}\degree\prime\backprime",
    r"\begin{cases}a&b\end{cases}\begin{rcases}a\end{rcases}\begin{dcases}a&b\end{dcases}",
]
# Labels and references never get as far: their ids and links are made by our own code.
TAKEN = [(tex, True) for tex in WRITTEN] + [
    (f["tex"], f["display"]) for f in FORMULAS if not re.search(r"\\(label|eqref)", f["tex"])
]


def tree(node: Node) -> tuple[object, ...]:
    return node.tag, node.attributes, node.text, [tree(child) for child in node.children]


def element(found: ET.Element) -> tuple[object, ...]:
    return found.tag, found.attrib, found.text or "", [element(child) for child in found]


@pytest.mark.parametrize(("tex", "display"), TAKEN, ids=range(len(TAKEN)))
def test_what_the_renderer_writes_passes_and_is_written_faithfully(tex: str, display: bool) -> None:
    try:
        fragment = mathml(tex, display)
    except Undrawable:
        assert tex not in WRITTEN
        return
    node = guarded(fragment)
    written = html(node)
    assert element(ET.fromstring(written)) == tree(node)
    assert stored_faults(written) == []
    assert " style=" not in written


@pytest.mark.parametrize(
    "tex", [r"\kern 99999em", r"\hspace{-9999em}", r"\raisebox{300em}{x}", r"\mkern-9999mu"]
)
def test_lengths_are_bounded(tex: str) -> None:
    lengths = re.findall(
        r'="(-?[0-9.]+)e[mx]"|comments-m-back-([0-9]+)', html(guarded(mathml(tex, True)))
    )
    for length, back in lengths:
        assert -3 < float(length or 0) <= 20 and int(back or 0) <= 54


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn"]), min_size=1, max_size=30))
def test_text_comes_out_as_it_went_in(text: str) -> None:
    node = Node("math", {}, [Node("mtext", text=text)])
    assert tree(guarded(html(node))) == tree(node)


@given(
    st.text(st.characters(categories=["Cc", "Co", "Cn"], exclude_characters="\n\r\t"), min_size=1)
)
def test_controls_and_unassigned_characters_are_refused(text: str) -> None:
    harmless = not re.search("[\x00-\x1f\x7f-\x9f\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff]", text)
    if harmless and max(text) < "\U000f0000":
        return
    with pytest.raises(NotAllowed):
        guarded(f"<math><mtext>{text}</mtext></math>")
