r"""Macros: what a writer defines with \newcommand and its like, and shorthands that are known here.

Expansion is ours and bounded: with definitions of its own, math-core can be ended by 36 characters.
There are no catcodes, and no arguments delimited by anything but braces. A definition holds from
where it stands to the end of the comment.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from comments_service.core.tex import Row, Token, fault, ours, text_of

_EXPANSIONS = 300  # of one formula
_LENGTH = 6_000  # characters that expansion may write into one formula


class Macro(NamedTuple):
    """What a command expands to, with how many arguments."""

    parameters: int
    body: list[Token]
    default: list[Token] | None = None  # of the first parameter, where that is optional


Macros = dict[str, Macro]


class Expansion:
    """The macros of one comment, and what one formula may still write with them."""

    def __init__(self, macros: Macros) -> None:
        self.macros = macros
        self._expansions, self._length = _EXPANSIONS, _LENGTH

    def reads(self, token: Token, row: Row) -> bool:
        """Define or expand the macro that a token names, if it names one. Raises Fault."""
        define = _DEFINITIONS.get(token.text)
        if define is not None:
            define(self.macros, token, row)
            return True
        macro = self.macros.get(token.text) or _KNOWN.get(token.text)
        if macro is not None:
            row.put_back(self._expanded(macro, token, row))
        return macro is not None

    def _expanded(self, macro: Macro, call: Token, row: Row) -> list[Token]:
        arguments = _arguments(macro, row)
        body: list[Token] = []
        for token in macro.body:
            number = int(token.text[1]) if token.text[0] == "#" and len(token.text) > 1 else 0
            argument = arguments[number - 1] if number else [call._replace(text=token.text)]
            body += argument
            self._length -= sum(len(written.text) for written in argument)
            if self._length < 0:
                break
        self._expansions -= 1
        if self._expansions < 0 or self._length < 0:
            raise fault("formula_endless", call)
        return body


def _arguments(macro: Macro, row: Row) -> list[list[Token]]:
    found: list[list[Token]] = []
    if macro.default is not None:
        row.skip_space()
        given = row.optional()
        found.append(macro.default if given is None else given)
    while len(found) < macro.parameters:
        found.append(row.argument())
    return found


# --- Definitions ---


def _name(row: Row) -> Token:
    argument = row.argument()
    named = [token for token in argument if not token.text.isspace()]
    if len(named) != 1 or named[0].text[0] != "\\":
        raise fault("formula_definition", argument[0] if argument else row.last)
    return named[0]


def _body(row: list[Token], parameters: int) -> list[Token]:
    """Join `#` and its number, and refuse numbers that the macro hasn't."""
    body: list[Token] = []
    rest = Row(row)
    while rest:
        token = rest.next()
        if token.text == "#":
            number = rest.peek()
            if not re.fullmatch("[1-9]", number) or int(number) > parameters:
                raise fault("formula_definition", token)
            token = token._replace(text="#" + rest.next().text)
        body.append(token)
    return body


def _new(macros: Macros, _token: Token, row: Row) -> None:
    r"""Read `\newcommand{\name}[count][default]{body}`."""
    row.takes("*")
    name = _name(row)
    row.skip_space()
    count = text_of(row.optional() or []).strip() or "0"
    row.skip_space()
    default = row.optional()
    if not re.fullmatch("[0-9]", count):
        raise fault("formula_definition", name)
    macros[name.text] = Macro(int(count), _body(row.argument(), int(count)), default)


def _provide(macros: Macros, token: Token, row: Row) -> None:
    known = dict(macros)
    _new(macros, token, row)
    macros.update(known)


def _def(macros: Macros, _token: Token, row: Row) -> None:
    r"""Read `\def\name#1#2{body}`, without delimited arguments."""
    name = _name(row)
    count = 0
    while row.takes("#"):
        count += 1
        if not row.takes(str(count)):
            raise fault("formula_definition", name)
    if row.peek() != "{":
        raise fault("formula_definition", name)
    macros[name.text] = Macro(count, _body(row.argument(), count))


def _let(macros: Macros, _token: Token, row: Row) -> None:
    name = _name(row)
    row.skip_space()
    row.takes("=")
    meaning = row.argument()
    known = macros.get(text_of(meaning))
    macros[name.text] = known or Macro(0, meaning)


def _operator(macros: Macros, _token: Token, row: Row) -> None:
    star = "*" if row.takes("*") else ""
    name = _name(row)
    written = ours(rf"\operatorname{star}" + "{")
    macros[name.text] = Macro(0, [*written, *row.argument(), *ours("}")])


_DEFINITIONS: dict[str, Callable[[Macros, Token, Row], None]] = {
    r"\newcommand": _new,
    r"\renewcommand": _new,
    r"\providecommand": _provide,
    r"\def": _def,
    r"\gdef": _def,
    r"\let": _let,
    r"\DeclareMathOperator": _operator,
}

# --- Shorthands: what math-core lacks, in terms of what it has ---

_SHORTHANDS = r"""
dotsb \cdots | dotsm \cdots | dotsi \cdots | dotsc \ldots | dotso \ldots | adots \iddots
smallsetminus \setminus | centerdot \cdot | sdot \cdot | slash / | Colon ∷ | strut \mathstrut
thickapprox \approx | thicksim \sim | varpropto \propto | shortmid \mid | nshortmid \nmid
shortparallel \parallel | nshortparallel \nparallel | mapsfrom \mathrel{↤} | longmapsfrom \mathrel{⟻}
intop \int | smallint \int | sech \operatorname{sech} | csch \operatorname{csch}
lcm \operatorname{lcm} | Q \mathbb{Q} | C \mathbb{C} | textdegree ^{\circ}
varlimsup \mathop{\overline{\lim}} | varliminf \mathop{\underline{\lim}}
varinjlim \mathop{\underrightarrow{\lim}} | varprojlim \mathop{\underleftarrow{\lim}}
allowbreak | nobreak | hfill \quad | hfil | adjustlimits | nonscript | mathsurround
enskip \hspace{0.5em} | smallsmile \smile | smallfrown \frown | hdots \ldots | displaylimits
symup 1 \mathrm{#1} | symsf 1 \mathsf{#1} | textless \text{<} | textgreater \text{>} | textbar \text{|}
cancelto 2 {\cancel{#2}}^{#1} | TeX \text{TeX} | LaTeX \text{LaTeX} | mit \mathit
mathnormal 1 {#1} | ensuremath 1 {#1} | vcenter 1 {#1} | vspace 1 | smash 1t {#1}
llap 1 {#1} | rlap 1 {#1} | clap 1 {#1} | mathllap 1 {#1} | mathrlap 1 {#1} | mathclap 1 {#1}
pmb 1 \boldsymbol{#1} | mathbfit 1 \boldsymbol{#1} | symbfit 1 \boldsymbol{#1}
symrm 1 \mathrm{#1} | symit 1 \mathit{#1} | symcal 1 \mathcal{#1} | mathup 1 \mathrm{#1}
mathsfit 1 \mathsf{#1} | mathds 1 \mathbb{#1} | mathbbm 1 \mathbb{#1}
overarc 1 \overparen{#1} | wideparen 1 \overparen{#1} | overlinesegment 1 \overline{#1}
abs 1 \left|{#1}\right| | norm 1 \left\|{#1}\right\| | ceil 1 \left\lceil{#1}\right\rceil
floor 1 \left\lfloor{#1}\right\rfloor | order 1 \mathcal{O}\left({#1}\right)
ketbra 2 \left|{#1}\right\rangle\!\left\langle{#2}\right|
nicefrac 2 {}^{#1}\!/_{#2} | sfrac 2 {}^{#1}\!/_{#2} | xfrac 2 {}^{#1}\!/_{#2}
dd \mathrm{d} | vb 1 \mathbf{#1} | va 1 \vec{\mathbf{#1}} | vu 1 \hat{\mathbf{#1}}
grad \nabla | curl \nabla\times | laplacian \nabla^2 | tr \operatorname{tr} | Tr \operatorname{Tr}
rank \operatorname{rank} | require 1 | substack 1 \begin{subarray}{c}#1\end{subarray}
intertext 1 \text{#1}\\ | shortintertext 1 \text{#1}\\ | Aboxed 1 \boxed{#1}
 underaccent 2 \underset{#1}{#2} | overunderset 3 \overset{#1}{\underset{#2}{#3}}
dv 2o \frac{\mathrm{d}^{#1}#2}{\mathrm{d}#3^{#1}} | pdv 2o \frac{\partial^{#1}#2}{\partial #3^{#1}}
"""


def _shorthand(line: str) -> tuple[str, Macro]:
    """Read `name count body`; `o` after the count: an optional argument goes before, `t`: is dropped."""
    name, _, rest = line.strip().partition(" ")
    count = re.match(r"([1-9])([ot]?)(?: |\Z)", rest)
    if not count:
        return "\\" + name, Macro(0, ours(rest))
    body = rest[count.end() :]
    if count[2] == "t":
        body = re.sub("#([1-9])", lambda found: f"#{int(found[1]) + 1}", body)
    parameters = int(count[1]) + bool(count[2])
    default: list[Token] | None = [] if count[2] else None
    return "\\" + name, Macro(parameters, _body(ours(body), parameters), default)


_KNOWN = dict(_shorthand(line) for line in re.split(r" \| |\n", _SHORTHANDS.strip()))
