"""Mathematics is found where a reader sees it, and nothing else is taken for it."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments_service.core.latex import formulas
from comments_service.core.text import parse

FORMULAS = Path(__file__).parent.parent / "data" / "formulas.jsonl"

# Each case: what is typed, and the formulas in it. All were made up for these tests.
MONEY = [
    ("It costs $5 and $6 with tax.", []),
    ("US$5 or HK$40, A$7 even", []),
    ("between $5 and 10$ each", []),
    ("5$ or 10$ or 15$", []),
    ("a $10 bill and $10+100$ dollars", ["10+100"]),
    ("$5/month ($50/year) or so", []),
    ("I have $20, you owe me $x$ apples", ["x"]),
    ("$1.5M vs $2M vs $3.25M", []),
    ("从$5涨到$8，又跌回$6。", []),
    ("租卡$2/小时，所以$x=2t$元", ["x=2t"]),
    ("花了$5，其中$x$是税", ["x"]),
    ("花了$5买了$x$个", ["x"]),
    ("100$到200$之间", []),
    ("$5、$6或$7都行，设为$p$。", ["p"]),
    ("价格是 $ 5 和 $ 10", []),
    ("5 $ + 3 $ = 8 $", []),
    ("$5 - $10 range", []),
    ("$5-$10 range", []),
    (r"$5–$10 range, mean $\mu=7.5$", [r"\mu=7.5"]),
    ("$20 per hour, $x$ hours", ["x"]),
    ("$100 = 100 dollars and $y$", ["y"]),
    ("Pay $3 for a<b and $4 for c", []),
    (r"\$5 and \$6 and $z$", ["z"]),
    (r"costs \$5, i.e. $5\%$ of \$100", [r"5\%"]),
    ("$1$, $2$, $3$", ["1", "2", "3"]),
    ("$0.99$ vs $1.01$", ["0.99", "1.01"]),
    ("$2 + 3 = 5$", ["2 + 3 = 5"]),
    (r"$3 \times 4$", [r"3 \times 4"]),
    ("$100$块", ["100"]),
    ("We raised $1,200 in 3 days; $n=3$ donors", ["n=3"]),
    ("from $0 to $100 (i.e. $[0,100]$)", ["[0,100]"]),
    ("$5 bill & $10 bill & $x^2$", ["x^2"]),
    ("He paid $5.$x$ is unknown.", ["x"]),
    ("I paid 5$, he paid 6$, so $x=11$", ["x=11"]),
    ("(5$) and (6$) and $y$", ["y"]),
    ("5$/h and 6$/h, total $t$", ["t"]),
    ("us$5 和 us$6", []),
    ("$x$，价格$5，$y$", ["x", "y"]),
    ("$5, $10, and $x$", ["x"]),
]

SHELL_AND_CODE = [
    ("In bash, $HOME/$USER is set", []),
    ("PATH=$HOME/bin:$PATH", []),
    ("${HOME}/${USER} and ${X}", []),
    ("$(pwd)/$(date) ok", []),
    ("变量$HOME和$PATH都要设", []),
    ("环境变量$LD_LIBRARY_PATH和$HOME", []),
    ('echo "$a" "$b"', []),
    ("echo '$a' '$b'", []),
    ("echo \"$a\" '$b'", []),
    ("R: df$a + df$b", []),
    ("$this->foo($bar)", []),
    ("$foo = $bar + 1; // php", []),
    ("$x=1;$y=2;", []),
    ("awk '{print $1,$2}' file", []),
    ("awk '{print $1, $NF}'", []),
    ("kill $$ and echo $$", []),
    ("用 $$ 表示进程号，另一个 $$ 也是", []),
    ("foreach ($arr as $k => $v) {}", []),
    ("$_GET['a'].$_POST['b']", []),
    ("perl: $_ and $@ and $!", []),
    ("make: $(CC) $(CFLAGS) -o $@ $<", []),
    ("jQuery $('a') and $('b')", []),
    ('$("#a").hide(); $("#b").show();', []),
    ("`$HOME` and `$PATH` but $x$", ["x"]),
    ("$HOME in `$x$` and $y$", ["y"]),
    ("令$x是`foo`而$y是`bar`", []),
    ("用'$'或\"$\"包裹公式", []),
    ("use ($) or ($) signs", []),
    ("“$”和“$”是分隔符", []),
    ("$user@$host:$port", []),
    (r"C:\$Recycle.Bin and $x$", ["x"]),
    ("$a[$i] + $b[$j]", []),
    ("regex ^a$ and ^b$", []),
    ("$$$ expensive $$$", []),
    ("A $ sign, another $ sign", []),
    ("```\n$x$\n```\n$y$", ["y"]),
    ("``a`$x$`b`` $y$", ["y"]),
    (r"`\[x\]` \[y\]", ["y"]),
    ("`$$x$$` vs $$y$$", ["y"]),
    ("~~~\n\\begin{align}\nx\n\\end{align}\n~~~", []),
    ("\t$x$ tab code", []),
    ("- a\n\n      $x$ code\n", []),
    (r"$`\alpha`$和$`\beta`$", [r"\alpha", r"\beta"]),
    ("use /^foo$/ and /bar$/ in perl", []),
    ("`${a}${b}` and ${a}${b}", []),
    ("$(A)$(B)", []),
    (r"\$x\$ 写作 $x$", ["x"]),
    ("{{ $x }} and {{ $y }}", []),
    ("this.$refs.$el and this.$el", []),
    ("sudo rm -rf $DIR/* && echo $?", []),
    ("for i in $(seq 1 $n); do echo $i; done", []),
    ("${arr[@]} 和 ${#arr[@]}", []),
    ("grep 'a$' x | sed 's/$/;/'", []),
    ("$ npm install\n$ npm run build", []),
    ("$ git add .\n$ git commit -m 'x'", []),
    ("#!/bin/sh\n$1 $2 $@", []),
    ("The $AAPL and $TSLA tickers", []),
    ("$AAPL/$TSLA pair", []),
    ("关注 $AAPL、$TSLA 走势", []),
    ("Ke$ha and A$AP Rocky", []),
    ("M$ and $un", []),
    ("$$$$", []),
    ("$env:PATH;$env:HOME", []),
]

TOUCHING = [
    (r"若$f$连续，则$\int f$存在。", ["f", r"\int f"]),
    ("（$a$）【$b$】「$c$」《$d$》", ["a", "b", "c", "d"]),
    (
        r"令$\mathcal{L}=\mathbb{E}_{x\sim p}[\log p(x)]$最大",
        [r"\mathcal{L}=\mathbb{E}_{x\sim p}[\log p(x)]"],
    ),
    (r"概率$P(\text{明天下雨，且刮风})$很小", [r"P(\text{明天下雨，且刮风})"]),
    (r"关数$f$と$g$の合成$f\circ g$です。", ["f", "g", r"f\circ g"]),
    ("함수$f(x)$는 $x$에서", ["f(x)", "x"]),
    ("$P(A|B)=P(B|A)P(A)/P(B)$。", ["P(A|B)=P(B|A)P(A)/P(B)"]),
    (r"取$n=1,2,\dots$，$k\in[n]$", [r"n=1,2,\dots", r"k\in[n]"]),
    ("$x’$", ["x’"]),
    ("因为$a，b$互素", ["a，b"]),
    (r"当$x\to0$时，$\sin x\sim x$；$\cos x\to 1$。", [r"x\to0", r"\sin x\sim x", r"\cos x\to 1"]),
    ("第$n$个$k$维", ["n", "k"]),
    ("$n$th and $k$-means, $p$-value, $L^2$-norm", ["n", "k", "p", "L^2"]),
    ("Is $x$? Yes, $x$! And ($y$), [$z$].", ["x", "x", "y", "z"]),
    ("“若$x$”“则$y$”", ["x", "y"]),
    ("‘$x$’", ["x"]),
    ("$x$…$y$", ["x", "y"]),
    ("$x$—$y$", ["x", "y"]),
    ("$x$·$y$", ["x", "y"]),
    ("$y=f(x)$.", ["y=f(x)"]),
    ("$y=f(x).$ Then $z$", ["y=f(x).", "z"]),
    ("👍$x$👍", ["x"]),
    ("$x$：$y$；$z$", ["x", "y", "z"]),
    ("Ｘ$x$Ｙ", ["x"]),
]

DISPLAY = [
    ("$$a+b$$", ["a+b"]),
    ("$$\na\n+ b\n- c\n> d\n= e\n$$", ["a\n+ b\n- c\n> d\n= e"]),
    ("因此 $$f = a\n+ b\n- c$$ 成立", ["f = a\n+ b\n- c"]),
    ("因此 $$\nf = a\n- c\n$$\n- item $x$", ["f = a\n- c", "x"]),
    ("\\[\na\n- b\n\\] 其中 $c$", ["a\n- b", "c"]),
    ("$$x$$ 其中 $y$", ["x", "y"]),
    ("- 一\n  $$\n  a\n  - b\n  $$\n- 二 $c$", ["a\n- b", "c"]),
    (
        "1. 设\n   \\begin{align}\n   a&=b\\\\\n   c&=d\n   \\end{align}\n2. 完",
        ["\\begin{align}\na&=b\\\\\nc&=d\n\\end{align}"],
    ),
    ("> 引用\n> \\[\n> x\n> - y\n> \\]\n> 后 $z$\n\n回复", ["x\n- y", "z"]),
    ("$$\nx=1\n\ny=2\n$$\n后", ["x=1\n\ny=2"]),
    ("$$ unclosed\n\ntext $x$", ["x"]),
    ("$$\nunclosed\n\n$$\nx=1\n$$", ["x=1"]),
    (r"\[unclosed and $x$", ["x"]),
    (r"\begin{align} unclosed $x$", ["x"]),
    (r"\begin{theorem}Let $x$.\end{theorem}", ["x"]),
    (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", [r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"]),
    (
        "$\\begin{pmatrix}\n1&2\\\\\n3&4\n\\end{pmatrix}$矩阵",
        ["\\begin{pmatrix}\n1&2\\\\\n3&4\n\\end{pmatrix}"],
    ),
    ("\\begin{equation*}\nx\n\\end{equation*}", ["\\begin{equation*}\nx\n\\end{equation*}"]),
    (r"\[ a \\[4pt] b \]", [r"a \\[4pt] b"]),
    ("$$a$$\n$$b$$", ["a", "b"]),
    ("$$a$$。$$b$$，$c$", ["a", "b", "c"]),
    (r"$$\text{若 $x$ 则}$$", [r"\text{若 $x$ 则}"]),
    ("text\n$$\nx\n$$\ntext2", ["x"]),
    (r"$$x\tag*{$\star$}$$", [r"x\tag*{$\star$}"]),
    (
        "$$\n\\begin{cases}\nx=1\\\\\n\ny=2\n\\end{cases}\n$$",
        ["\\begin{cases}\nx=1\\\\\n\ny=2\n\\end{cases}"],
    ),
    (
        r"\begin{align}a&=b\end{align}\begin{align}c&=d\end{align}",
        [r"\begin{align}a&=b\end{align}", r"\begin{align}c&=d\end{align}"],
    ),
    (
        "\\begin{gather*}\na\\\\\nb\n\\end{gather*}，其中$c$",
        ["\\begin{gather*}\na\\\\\nb\n\\end{gather*}", "c"],
    ),
    ("  $$x$$  ", ["x"]),
    (r"   \[x\]", ["x"]),
    (r"    \[x\]", []),
    ("$$x$$\n\n---\n\n$$y$$", ["x", "y"]),
]

SHAPES = [
    ("$a$|$b$|$c$", ["a", "b", "c"]),
    ("a $x$\\\nb $y$", ["x", "y"]),
    ("text\n    $x$ continued", ["x"]),
    ("'$a$' and \"$b$\"", ["a", "b"]),
    ("`unclosed $x$", ["x"]),
    ("$x$`code`$y$", ["x", "y"]),
    (r"$latex x^2$ and $latex \alpha $", ["x^2", r"\alpha"]),
    ("$latex$ is a word", ["latex"]),
    ("$latex is a program and $tex too", []),
    ("$[0,1)$ 和 $(0,1]$", ["[0,1)", "(0,1]"]),
    ("$a_1$ and $b_1$ _em_ $c_1$", ["a_1", "b_1", "c_1"]),
    (r"$x\$y$", [r"x\$y"]),
    (r"\(a\) \\(b\\) \(c\)", ["a", "c"]),
    ("| $a$ |\n|:-:|\n| $b$ |\n\n$c$", ["a", "b", "c"]),
    (r"$\frac{1}{2$ 与 $y$", [r"\frac{1}{2", "y"]),
    ("$x}$ 与 $y$", ["x}", "y"]),
    (r"$f(x)=\text{若 $x>0$ 则 $1$}$好", [r"f(x)=\text{若 $x>0$ 则 $1$}"]),
    ("$a$ $b$ $c$", ["a", "b", "c"]),
    ("$ x $ and $ y+1 $", ["x", "y+1"]),
    ("$ $ and $x$", ["x"]),
    (r"式 \ref{a} 与 \cite{b}，$x$", ["x"]),
    ("$a\n\nb$", []),
    ("$$a$$$b$", ["a", "b"]),
    ("$a$$$b$$", ["a", "b"]),
    (r"结论:$O(n\log n)$!", [r"O(n\log n)"]),
    ("2*3*4 和 a*b*c $x*y*z$", ["x*y*z"]),
    ("$x_{i}$_{j}$", ["x_{i}"]),
    ("&lt;b&gt; $a&lt;b$", ["a&lt;b"]),
    (r"$\#$ $\%$ $\&$ $\_$", [r"\#", r"\%", r"\&", r"\_"]),
    ("The set $A$,$B$,$C$", ["A", "B", "C"]),
    ("$x$,$y$ and $x$;$y$ and $x$/$y$", ["x", "y", "x", "y", "x", "y"]),
    ("$x$=$y$+$z$", ["x", "y", "z"]),
    ("$f(x)$-$g(x)$", ["f(x)", "g(x)"]),
    ("设$x$=$1$", ["x", "1"]),
    ("where$x$is and$y$too", ["x", "y"]),
    ("若$a$<$b$则", ["a", "b"]),
    ("$a=$3 dollars", []),
    ("答案是$42$。", ["42"]),
    ("$2n+1$ and $3n$", ["2n+1", "3n"]),
    ("$10^{-3}$, $1e-3$", ["10^{-3}", "1e-3"]),
    ("$(a,b)$,$(c,d)$", ["(a,b)", "(c,d)"]),
    (r"$\alpha$$\beta$", [r"\alpha", r"\beta"]),
    (r"$\$5$ is five dollars", [r"\$5"]),
    (r"$-1$ $+\infty$ $\pm 1$", ["-1", r"+\infty", r"\pm 1"]),
    ("$x$\n$y$\n$z$", ["x", "y", "z"]),
    ("$a$。\n\n$$b$$\n\n$c$", ["a", "b", "c"]),
    ("$AB$ $ABC$中", ["AB", "ABC"]),
    (r"$\triangle ABC$，$ABC$。", [r"\triangle ABC", "ABC"]),
    ("$x=5$，$5$个", ["x=5", "5"]),
    (r"$5\,\mathrm{kg}$", [r"5\,\mathrm{kg}"]),
]

CASES = [*MONEY, *SHELL_AND_CODE, *TOUCHING, *DISPLAY, *SHAPES]


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_exactly_the_formulas_are_found(source: str, expected: list[str]) -> None:
    assert formulas(parse(source)) == expected


@pytest.mark.parametrize("frame", ["$$\n{}\n$$", "故$${}$$成立", "\\[{}\\]", "see \\[{}\\]."])
def test_every_known_formula_stays_untouched_when_it_is_displayed(frame: str) -> None:
    for line in FORMULAS.read_text().splitlines():
        tex = json.loads(line)["tex"]
        assert formulas(parse(frame.format(tex))) == [tex.strip()]


@pytest.mark.parametrize("frame", ["若${}$则", "so ${}$ is", "(${}$)", "\\({}\\)"])
def test_every_known_inline_formula_stays_untouched(frame: str) -> None:
    lines = [json.loads(line) for line in FORMULAS.read_text().splitlines()]
    for tex in (line["tex"] for line in lines if not line["display"]):
        if tex[0] == "，":
            continue  # `$，x$` reads as the end of one formula and the beginning of another
        assert formulas(parse(frame.format(tex))) == [tex.strip()]


TEX = st.text("abxyz+=^_\\{}()[]|<>*`#!&~1234 ", min_size=1, max_size=40)


@given(TEX)
def test_one_formula_between_explicit_delimiters_is_one_formula(tex: str) -> None:
    if tex.strip() and "\\" not in tex:
        assert formulas(parse(rf"由 \({tex}\) 得")) == [tex.strip()]


@given(st.text(max_size=200))
def test_a_text_without_delimiters_holds_no_formula(text: str) -> None:
    assert formulas(parse(text.replace("$", "€").replace("\\", "/"))) == []


def test_only_the_first_200_formulas_are_read() -> None:
    assert len(formulas(parse("$x$ " * 300))) == 200


def test_a_formula_of_unusual_length_is_text() -> None:
    assert formulas(parse(f"$a{'+b' * 1000}$")) == []
    assert len(formulas(parse(f"$$a{'+b' * 1000}$$"))) == 1
