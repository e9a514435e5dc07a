"""A formula as one line of plain text: √(a² + b²), ∑_(i=1)^n xᵢ, (a, b; c, d).

Letters of special alphabets become ordinary ones, so that text can be found; only ℝ and its like
stay. Spaces follow from what stands beside what, as in TeX.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from comments_service.core.characters import CJK_LETTERS
from comments_service.core.mathml import Node


class _Item(NamedTuple):
    """A piece of text that is never broken up, and the kind by which it keeps its distance."""

    text: str
    kind: str
    is_bare: bool = False  # needs no brackets as a base


_Items = list[_Item]
# Kinds: signs, words (names of functions), fractions, text, big operators; brackets, bars, which
# may be either; binary operators, dots (binary, but close), relations; punctuation, and what may be
# part of a number; spaces; and, once it is known to have no left operand, what stands before.
_SIGN, _WORD, _FRACTION, _TEXT, _BIG, _OPEN, _CLOSE, _BAR = "swftlocv"
_BINARY, _DOT, _RELATION, _POINT, _THIN, _SPACE, _PREFIX = "b*=,'_-"
_BEFORE_OPERANDS = {_OPEN, _BINARY, _DOT, _RELATION, _POINT, _BIG, _PREFIX}
# Pairs of kinds with a space between them: always, and outside of scripts.
_TIGHT = {before + after for before in "swfclv" for after in "wfl"}
_TIGHT |= set("ws fs ls fo lo wt ft lt tl l- w-".split())
_LOOSE = {before + after for before in "swftlcv-b," for after in "b="} | {",,"} | _TIGHT
_LOOSE |= {before + after for before in "b=," for after in "swftlo*-b="} - {"=="}
_GAP = _Item(" ", _SPACE)


def plain(node: Node) -> str:
    """Return a guarded formula as plain text in one line, with its number, if any, at the end."""
    text = _joined(_items(node)).replace("...", "…")
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _joined(items: Sequence[_Item], tight: bool = False) -> str:
    """Join items with spaces where reading needs them; `tight` for scripts, where few do."""
    parts: list[str] = []
    before, spaced, pairs = _OPEN, False, _TIGHT if tight else _LOOSE
    for text, kind, _ in items:
        if kind == _SPACE:
            spaced = True
            continue
        if before == _THIN:
            before = _SIGN if text.isdigit() else _POINT
        if before in _BEFORE_OPERANDS:
            kind = {_BAR: _OPEN, _BINARY: _PREFIX}.get(kind, kind)
        if before + kind in pairs or (spaced and before != _OPEN and kind not in ",'c"):
            parts.append(" ")
        parts.append(text)
        before, spaced = kind, False
    return "".join(parts)


def _items(node: Node) -> _Items:
    return _READERS.get(node.tag, _row)(node)


def _class(node: Node) -> str:
    return node.attributes.get("class", "")


def _inner(node: Node) -> _Items:
    return [item for child in node.children for item in _items(child)]


# --- Signs and text ---

_LETTERS = [chr(code) for code in range(0x1D400, 0x1D800)] + list("ℎℬℰℱℋℐℒℳℛℯℊℴℭℌℨ")
_PLAIN: dict[int, str | None] = {
    ord(letter): chr(int(unicodedata.decomposition(letter).split()[1], 16))
    for letter in _LETTERS
    if unicodedata.decomposition(letter) and "DOUBLE-STRUCK" not in unicodedata.name(letter)
}
_PLAIN |= dict.fromkeys([*range(0xFE00, 0xFE10), *range(0x2061, 0x2065)])  # variants, invisible
_CJK = re.compile(f"[{CJK_LETTERS}]+")
_KINDS = dict.fromkeys("([{⟨⌈⌊⟦⟪⟮⌜⌞⎰⦃⦇⦉", _OPEN) | dict.fromkeys(")]}⟩⌉⌋⟧⟫⟯⌝⌟⎱⦄⦈⦊", _CLOSE)
_KINDS |= dict.fromkeys("|‖", _BAR) | dict.fromkeys(",;", _POINT)
_KINDS |= dict.fromkeys("+−-±∓×÷∪∩⊎⊓⊔⋒⋓∧∨⊻⊼⋎⋏⩞∖≀∔⋇⋉⋊⋋⋌⨿⊕⊖⊗⊘⊙⊚⊛⊝⊞⊟⊠⊡", _BINARY)
_KINDS |= dict.fromkeys("∑∏∐∫∬∭∮∯∰∱∲∳⋀⋁⋂⋃⨀⨁⨂⨃⨄⨅⨆⨇⨈⨉⨋⨌⨍⨎⨏⨐⨑", _BIG)
_KINDS |= dict.fromkeys("∀∃∄∇∂∞¬!%.′″‵†‡&⋮⋯⋰⋱", _SIGN) | dict.fromkeys("/·⋅∙∘∗*⋆⋄\\", _DOT)


def _sign(node: Node) -> _Items:
    text = node.text.translate(_PLAIN)
    if len(text) > 1 and "".join(text.split()).isalpha() and not _CJK.fullmatch(text):
        return [_Item(text, _WORD, True)]
    kind = _kind(text, node) if node.tag == "mo" else _POINT if text == ":" else _SIGN
    return [_Item({"∣": "|", "∗": "*"}.get(text, text), kind, True)] if text.strip() else []


def _kind(text: str, node: Node) -> str:
    """Return the kind of an operator; what is not known is a relation."""
    kind = _KINDS.get(text[:1], _RELATION)
    form, left, right = map(node.attributes.get, ("form", "lspace", "rspace"))
    if kind == _BAR:
        return {"prefix": _OPEN, "postfix": _CLOSE}.get(form or "", _BAR)
    if kind == _BINARY and left == right == "0":
        return _PREFIX
    return _THIN if text == "," and right == "0" else kind  # 1{,}000


def _text(node: Node) -> _Items:
    text = "".join([node.text.translate(_PLAIN), *[item.text for item in _inner(node)]])
    return [_Item(text, _TEXT, len(text.split()) == 1)] if text else []


def _space(node: Node) -> _Items:
    width = re.match("[0-9.]+", node.attributes.get("width", ""))
    return [_GAP] if width and float(width[0]) > 0.15 else []


# --- Fractions, roots and scripts ---


def _depths(text: str) -> list[int]:
    """Return how many brackets are open after each character."""
    steps = ({_OPEN: 1, _CLOSE: -1}.get(_KINDS.get(character, ""), 0) for character in text)
    return list(accumulate(steps))


def _is_group(text: str) -> bool:
    """Tell whether a text is one pair of brackets, or of bars, with something in it."""
    if text[:1] in ("|", "‖"):
        return text.count(text[0]) == 2 and text[-1] == text[0]
    depths = _depths(text)
    return len(text) > 1 and depths[0] == 1 and 0 in depths and depths.index(0) == len(text) - 1


def _bracketed(text: str) -> str:
    return text if _is_group(text) else f"({text})"


def _fraction(node: Node) -> _Items:
    above, below = map(_items, node.children)
    if node.attributes.get("linethickness") == "0":
        text = f"{_joined(above, tight=True)}, {_joined(below, tight=True)}"
        return [_Item(text, _FRACTION, True)]
    return [_Item(f"{_numerator(above)}/{_denominator(below)}", _FRACTION)]


def _numerator(items: _Items) -> str:
    text = _joined(items)
    kinds = {item.kind for item in items}
    is_spaced = (" ", 0) in zip(text, _depths(text), strict=True)
    return _bracketed(text) if is_spaced or kinds & {_DOT, _FRACTION, _BIG} else text


def _denominator(items: _Items) -> str:
    text = _joined(items)
    kinds = "".join([item.kind for item in items])
    is_call = kinds[:1] in (_SIGN, _WORD) and _is_group(_joined(items[1:]))
    is_differential = kinds == _SIGN + _SIGN and items[0].text in "d∂"
    is_one = kinds in (_SIGN, _WORD, _TEXT) or is_call or is_differential or _CJK.fullmatch(text)
    return text if is_one else _bracketed(text)


def _root(node: Node) -> _Items:
    content = _items(node.children[0]) if node.tag == "mroot" else _inner(node)
    index = _script(_items(node.children[1]), "", _HIGH) if node.tag == "mroot" else ""
    sign = {"": "√", "²": "√", "³": "∛", "⁴": "∜"}.get(index, f"{index}√")
    text = _joined(content)
    is_bare = len(content) == 1 and content[0].is_bare
    return [_Item(sign + (text if is_bare else _bracketed(text)), _SIGN)]


_HIGH = str.maketrans(
    "0123456789+−abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
)
_LOW = str.maketrans("0123456789+−aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")


def _script(items: _Items, mark: str, signs: dict[int, int]) -> str:
    """Write a script: with `signs` that stand high or low where all have one, else as `^(..)`."""
    primes = "".join([item.text for item in items if item.text in "′″‴‵"])
    rest = [item for item in items if item.text not in "′″‴‵" and item.kind != _SPACE]
    text = _joined(rest, tight=True)
    if text == "∘" and mark == "^":
        return f"{primes}°"
    are_signs = all(len(item.text) == 1 or item.text.isdigit() for item in rest)
    if are_signs and signs.keys() >= set(map(ord, text)):
        return primes + text.translate(signs)
    return primes + mark + (text if len(text) == 1 else _bracketed(text))


def _scripted(base: _Items, below: _Items, above: _Items) -> _Items:
    low, high = _script(below, "_", _LOW), _script(above, "^", _HIGH)
    text, kind = _joined(base), base[0].kind if len(base) == 1 else _SIGN
    if not low + high:
        return base
    if kind in (_BIG, _RELATION) and (low[:1] == "_" or high[:1] == "^"):  # ∑_(i=1)^n, not ∑_(i=1)ⁿ
        low, high = _script(below, "_", {}), _script(above, "^", {})
    is_bare = len(base) == 1 and base[0].is_bare
    is_evaluated = len(base) > 1 and base[-1].kind == _BAR != base[0].kind  # f(x)|_(x=0)
    if text and not (is_bare or is_evaluated):
        text, kind = _bracketed(text), _SIGN
    return [_Item(text + low + high, kind)]


def _scripts(node: Node) -> _Items:
    base, *scripts = map(_items, node.children)
    if node.tag in ("munder", "mover", "munderover") and [item.kind for item in base] == [_WORD]:
        base = [base[0]._replace(kind=_BIG)]  # lim, max
    below = scripts[0] if re.search("sub|under", node.tag) else []
    above = scripts[-1] if re.search("sup|over", node.tag) else []
    return _scripted(base, below, above)


def _scripts_before(node: Node) -> _Items:
    base, *after, _, below, above = map(_items, node.children)
    return [*_scripted([], below, above), *(_scripted(base, *after) if after else base)]


# --- Accents, rows and tables ---

_ACCENTS = dict.fromkeys("ˆ^\u0302", "\u0302hat") | dict.fromkeys("˜~", "\u0303tilde")
_ACCENTS |= dict.fromkeys("¯‾", "\u0304bar") | {"ˇ": "\u030ccheck", "˘": "\u0306breve"}
_ACCENTS |= {"˚": "\u030aring", "´": "\u0301acute", "`": "\u0300grave", "→": "\u20d7vec"}
_ACCENTS |= {"˙": "\u0307dot", "¨": "\u0308ddot", "\u20db": "\u20dbdddot"}
_ACCENTS |= {name[1:]: name for name in ("\u0305overline", "\u0332underline", "\u0338cancel")}


def _marked(items: _Items, mark: str, most: int) -> _Items:
    """Mark up to `most` signs by a combining character each, more by the name behind it."""
    signs = [item for item in items if item.kind == _SIGN and len(item.text) == 1]
    if len(signs) == len(items) <= most:
        return [item._replace(text=item.text + mark[0]) for item in items]
    return [_Item(f"{mark[1:]}({_joined(items)})", _SIGN, True)]


def _limits(node: Node) -> _Items:
    base, mark = node.children[:2]
    if node.tag == "mover" and node.attributes and mark.text.strip() in _ACCENTS:
        return _marked(_items(base), _ACCENTS[mark.text.strip()], most=1)
    if node.attributes:
        return _items(base)
    if base.tag == node.tag and base.attributes and base.children[1].text in "⏞⏟⎴⎵⏜⏝⏠⏡":
        text = f"{_joined(_items(base))}, {_joined(_items(mark))}"
        return [_Item(f"{node.tag[1:]}brace({text})", _SIGN, True)]
    return _scripts(node)


def _row(node: Node) -> _Items:
    name, items = _class(node), _inner(node)
    ends = [child.text for child in node.children[:1] + node.children[-1:]]
    if "after-5" in name or "before-5" in name:  # a relation
        return [_GAP, *items, _GAP]
    if drawn := _ACCENTS.keys() & name.split("-"):
        return _marked(items, _ACCENTS[drawn.pop()], most=3)
    if ends == ["(", ")"] and len(items) == 3 and items[1].kind == _FRACTION and items[1].is_bare:
        return [_Item(f"binom({items[1].text})", _SIGN, True)]
    if any(child.tag == "mtable" for child in node.children):  # cases
        before = [_Item("{", _OPEN, True)] * (ends == ["\u2063", "}"])
        return [*before, *items, *[_Item("}", _CLOSE, True)] * (ends == ["{", "\u2063"])]
    return items


def _table(node: Node) -> _Items:
    found: _Items = []
    for row in node.children:
        if found and found[-1].kind not in (_POINT, _THIN):
            found.append(_Item(";", _POINT))
        last: _Items | None = None
        for cell in row.children:
            name, items = _class(cell), _inner(cell)
            if not items and ("-side" in name or "-margin" in name):
                continue
            if last is not None and "-tag" in name:
                found.append(_GAP)
            elif last is not None and not _continues(name, found, last, items):
                found.append(_Item(",", _POINT))
            found += (last := items)
    return found


def _continues(name: str, found: _Items, last: _Items, items: _Items) -> bool:
    """Tell whether a cell goes on with what the one before has begun, as `= b` does with `a`."""
    before, after = found[-1].kind if found else _POINT, items[0].kind if items else _POINT
    if "-flush-" not in name:
        return bool(last and items) and _RELATION in (before, after)
    return ("flush-left" in name and bool(last)) or before in "=b,'" or after in "=b,'"


_READERS = dict.fromkeys(["mi", "mn", "mo"], _sign) | dict.fromkeys(["msqrt", "mroot"], _root)
_READERS |= dict.fromkeys("mtext a b code em i s span u".split(), _text)
_READERS |= dict.fromkeys(["msub", "msup", "msubsup"], _scripts)
_READERS |= dict.fromkeys(["munder", "mover", "munderover"], _limits)
_READERS |= {"mmultiscripts": _scripts_before, "mfrac": _fraction, "mtable": _table}
_READERS |= dict.fromkeys(["mspace", "mphantom"], _space)
