"""The wall around the formula renderer: MathML by closed lists, and our own way to write it.

What math-core writes is read as XML. Elements, attributes, whole attribute values, structure and
characters must be on our lists, which hold what it is known to write and nothing else. No `style`
leaves: styles become classes `comments-m-...` of our style sheet, or attributes of MathML Core.
What browsers are known to draw badly is put in other words.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html import escape
from xml.parsers import expat

_NODES, _DEPTH, _BYTES = 4_000, 80, 200_000


@dataclass(slots=True)
class Node:
    """An element of MathML, or of HTML within `mtext`: it has children or text, never both."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    text: str = ""


class NotAllowed(ValueError):
    """Something in a formula's MathML is not on our lists, or there is too much of it."""


def guarded(fragment: str) -> Node:
    """Return the tree of one formula's MathML; raise NotAllowed for anything unexpected in it."""
    reader, parser = _Reader(), expat.ParserCreate()
    parser.buffer_text = parser.ordered_attributes = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.text
    parser.DefaultHandler = reader.refuse  # doctypes, comments, CDATA, instructions, entities
    fragment = fragment.replace("&ApplyFunction;", "\u2061").replace("&InvisibleTimes;", "\u2062")
    try:
        if len(fragment.encode()) > _BYTES:
            raise NotAllowed("too long")
        parser.Parse(fragment, True)
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise NotAllowed(str(error)) from error
    return reader.open[0].children[0]


def html(node: Node) -> str:
    """Write a tree as HTML that is XML too: parsers of both read the same tree again."""
    attributes = "".join([f' {name}="{escape(value)}"' for name, value in node.attributes.items()])
    content = "".join([html(child) for child in node.children]) or escape(node.text, quote=False)
    return f"<{node.tag}{attributes}>{content}</{node.tag}>"


# --- Structure ---

_INLINE = frozenset("b i u s em code span".split())
_TOKENS = frozenset("mi mn mo mtext".split())
_WITH_TEXT = _TOKENS | _INLINE
_PAIRS = frozenset("mfrac msub msup munder mover mroot".split())
_TRIPLES = frozenset("msubsup munderover".split())
_ROWS = frozenset("mrow msqrt mpadded mphantom menclose mmultiscripts".split())
_EXPRESSIONS = _TOKENS | _PAIRS | _TRIPLES | _ROWS | {"mspace", "mtable"}
# Which children an element may have; one that is not named here may have none.
_CHILDREN = dict.fromkeys(_PAIRS | _TRIPLES | _ROWS | {"math", "mtd"}, _EXPRESSIONS)
_CHILDREN |= {"mmultiscripts": _EXPRESSIONS | {"mprescripts"}, "": frozenset({"math"})}
_CHILDREN |= {"mtable": frozenset({"mtr"}), "mtr": frozenset({"mtd"})}
_CHILDREN |= dict.fromkeys(_INLINE | {"mtext"}, _INLINE)
_NUMBERS = dict.fromkeys(_PAIRS, 2) | dict.fromkeys(_TRIPLES, 3)
# Controls, of lines, direction and annotation too, private use, noncharacters; but not flags' tags.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ue000-\uf8ff\ufdd0-\ufdef"
    "\ufff9-\ufffb\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U000e001f"
    "\U000e0080-\U000e00ff\U000e01f0-\U0010ffff]"
)


class _Reader:
    """Grows the tree while expat reads."""

    def __init__(self) -> None:
        self.open = [Node("")]
        self.nodes = 0

    def start(self, tag: str, attributes: list[str]) -> None:
        parent = self.open[-1]
        if tag not in _CHILDREN.get(parent.tag, ()) or parent.text:
            raise NotAllowed(f"{tag} in {parent.tag}")
        self.nodes += 1
        if self.nodes > _NODES or len(self.open) > _DEPTH:
            raise NotAllowed("too many elements")
        node = Node(tag, dict(_attributes(tag, *attributes)) if attributes else {})
        parent.children.append(node)
        self.open.append(node)

    def text(self, data: str) -> None:
        node = self.open[-1]
        if node.children or node.tag not in _WITH_TEXT or _UNSAFE.search(data):
            raise NotAllowed(f"text in {node.tag}")
        node.text += data

    def end(self, tag: str) -> None:
        node = self.open.pop()
        if _NUMBERS.get(tag, len(node.children)) != len(node.children):
            raise NotAllowed(f"{len(node.children)} children of {tag}")
        if tag in _FINISH:
            _FINISH[tag](node, self.open[-1])

    def refuse(self, data: str) -> None:
        raise NotAllowed(data[:20])


# --- Attributes ---

# Attributes that stay as they are.
_KEPT = {"math": "display=block", "mi": "mathvariant=normal", "mpadded": "(width|height)=0"}
_KEPT |= {"mover": "accent=true", "munder": "accentunder=true"}
_KEPT["mo"] = "(stretchy|symmetric|movablelimits)=(true|false)|form=(pre|in|post)fix"
_KEPT |= dict.fromkeys(["mfrac", "mrow", "mtable"], "displaystyle=(true|false)|scriptlevel=[012]")
# Lengths are put between bounds.
_BOUNDS = {"mspace width": (0, 20), "mfrac linethickness": (0, 1), "mpadded voffset": (-2.99, 2.99)}
_BOUNDS |= {"mo lspace": (0, 1), "mo rspace": (0, 1), "mo minsize": (0, 3), "mo maxsize": (0, 3)}
_LENGTH = re.compile(r"(-?[0-9]{1,12}(?:\.[0-9]{1,12})?(?:e-?[0-9]{1,2})?)(em|ex|rem)|0")
# Styles, notations and classes, and the class of ours in their place, if any.
_INSTEAD = {
    "mtable": "width:100%>numbered",
    "mtd": "text-align:left>left text-align:right>right justify-items:start> justify-items:end>"
    " padding-left:0>flush-left padding-right:0>flush-right padding-left:1em>wide-left"
    " padding-left:0.1em>gap padding-right:0.1em> padding-top:0>tight padding-bottom:0>"
    " width:50%>side width:7.5%>margin",
    "mfrac": "padding-top:0.1667em>continued",
    "mrow": "math-shift:compact>cramped class:menclose-updiagonalstrike>stroke"
    " class:menclose-downdiagonalstrike>stroke class:menclose-phasorangle>stroke",
    "mpadded": "padding-left:0> padding-left:0.1667em>before-3 padding-left:0.2778em>before-5"
    " padding-right:0> padding-right:0.1667em>after-3 padding-right:0.2778em>after-5",
    "menclose": "notation:box>box notation:phasorangle>phasor notation:actuarial>actuarial"
    " notation:updiagonalstrike>cancel-up notation:downdiagonalstrike>cancel-down"
    " notation:updiagonalstrike_downdiagonalstrike>cancel-both",
    "span": "font-variant-caps:small-caps>small-caps class:math-core-serif-font>serif"
    " class:math-core-sans-serif-font>sans",
}
for _tag, _side in (("mtable", "left"), ("mtable", "top"), ("mtd", "top"), ("mtd", "right")):
    _INSTEAD[_tag] += f" border-{_side}:0.05em_solid_currentcolor>rule-{_side}"
    _INSTEAD[_tag] += f" border-{_side}:0.05em_dashed_currentcolor>dashes-{_side}"
_CLASSES = {
    f"{tag} {name.replace('_', ' ')}": [("class", f"comments-m-{word}")] if word else []
    for tag, words in _INSTEAD.items()
    for name, word in (pair.split(">") for pair in words.split())
}
_BACK = (1, 2, 3, 4, 5, 6, 9, 12, 18, 27, 36, 53)  # eighteenths of an em; MathML has no way back


@lru_cache(maxsize=1024)
def _attributes(tag: str, *flat: str) -> dict[str, str]:
    """Translate the attributes of an element, given as name, value, name, value..."""
    found: dict[str, str] = {}
    for name, value in zip(flat[::2], flat[1::2], strict=True):
        for new, word in _translated(tag, name, value):
            found[new] = f"{found[new]} {word}" if new in found and new == "class" else word
    return found


def _translated(tag: str, name: str, value: str) -> list[tuple[str, str]]:
    if re.fullmatch(_KEPT.get(tag, ""), f"{name}={value}"):
        return [(name, value)]
    if f"{tag} {name}" in _BOUNDS:
        return [(name, _bounded(value, *_BOUNDS[f"{tag} {name}"]))]
    if name in ("class", "notation"):
        return _styled(tag, name, value)
    if name != "style":
        raise NotAllowed(f"{name} on {tag}")
    styles = [declaration.split(":", 1) for declaration in value.split(";") if declaration]
    return [new for style in styles for new in _styled(tag, style[0], style[-1].strip())]


def _styled(tag: str, name: str, value: str) -> list[tuple[str, str]]:
    """Return the attribute that stands for a declaration, or none if it may go."""
    if f"{tag} {name}:{value}" in _CLASSES:
        return _CLASSES[f"{tag} {name}:{value}"]
    match f"{tag} {name}":
        case "mrow color" if re.fullmatch("#[0-9A-Fa-f]{6}", value):
            return [("mathcolor", value.lower())]
        case "mtext font-size" if re.fullmatch("[5-9]0%|1[0-9]0%|2[0-5]0%", value):
            return [("mathsize", value)]
        case "mspace width" if _LENGTH.fullmatch(value):
            return []  # said by the attribute, too
        case "mspace margin-left":
            back = -18 * float(_bounded(value, -3, 0).rstrip("emx"))
            return [("class", f"comments-m-back-{min(_BACK, key=lambda n: abs(n - back))}")]
    raise NotAllowed(f"{name}:{value} on {tag}")


def _bounded(length: str, least: float, most: float) -> str:
    """Return a length within bounds; `rem` would depend on the page, so it becomes `em`."""
    match = _LENGTH.fullmatch(length)
    if match is None:
        raise NotAllowed(length)
    number = min(max(round(float(match[1] or 0), 4), least), most)
    return f"{number:g}{'ex' if match[2] == 'ex' else 'em'}" if number else "0"


# --- What is put in other words ---

# Combining characters, which some browsers set beside the letter: what is drawn in their place.
_MARKS = {"\u20d7": ("→", "60%"), "\u20db": ("\u00a0\u20db", ""), "\u20dc": ("\u00a0\u20dc", "")}


def _accented(node: Node, _parent: Node) -> None:
    base, mark = node.children
    if not node.attributes or mark.tag != "mo":
        return
    if mark.text in ("\u0332", "\u0305"):  # lines, which are invisible with some fonts
        node.attributes = {"class": f"comments-m-{node.tag[1:]}line"}
        node.tag, node.children = "mrow", [base]
    elif mark.text in _MARKS or (mark.text == "\u0302" and len(base.text) == 1):
        mark.text, size = _MARKS.get(mark.text, ("ˆ", ""))
        mark.attributes = {"stretchy": "false"} | ({"mathsize": size} if size else {})


def _row(node: Node, parent: Node) -> None:
    """Strike out by classes: MathML Core has no `menclose`, and math-core's empty rows may go."""
    if node.tag == "menclose":
        node.tag = "mrow"
    elif _class(node) == "comments-m-stroke":
        if parent.tag != "menclose" or node.children:
            raise NotAllowed("a stroke")
        parent.children.pop()


def _scripts(node: Node, _parent: Node) -> None:
    places = [at for at, child in enumerate(node.children) if child.tag == "mprescripts"]
    if (places, len(node.children)) not in (([1], 4), ([3], 6)):
        raise NotAllowed("scripts")


# --- Tables ---

_NUMBERED, _SIDES = "comments-m-numbered", {"comments-m-side", "comments-m-margin"}


def _class(node: Node) -> str:
    return node.attributes.get("class", "")


def _table(node: Node, parent: Node) -> None:
    numbered = _NUMBERED in _class(node)
    for row in node.children:
        sides = [at for at, cell in enumerate(row.children) if _SIDES & {*_class(cell).split()}]
        if sides != ([0, len(row.children) - 1] if numbered else []):
            raise NotAllowed("a cell at the side")
    if numbered and parent.tag != "math":
        _narrow(node)
    _close(node)


def _formula(node: Node, _parent: Node) -> None:
    for table in node.children:
        if _NUMBERED in _class(table):
            has_number = any(row.children[-1].children for row in table.children)
            alone = len(node.children) == 1 and "display" in node.attributes
            (_widen if has_number and alone else _narrow)(table)


def _widen(table: Node) -> None:
    """Let an equation's number stand at the edge, in the same column in every row."""
    width = max(len(row.children) for row in table.children)
    if width * len(table.children) > _NODES:
        raise NotAllowed("too many cells")
    for row in table.children:
        number = row.children[-1]
        missing = range(width - len(row.children))
        row.children[-1:-1] = [Node("mtd", {"class": "comments-m-flush-left"}) for _ in missing]
        if number.children:
            number.attributes["class"] = _class(number).replace("m-right", "m-tag")


def _narrow(table: Node) -> None:
    """Let a table be as wide as its content: in a box that shrinks, 100% would explode."""
    del table.attributes["class"]
    for row in table.children:
        number = row.children.pop()
        del row.children[0]
        if number.children:
            row.children.append(Node("mtd", {"class": "comments-m-tag"}, number.children))


def _close(table: Node) -> None:
    """Make the last line of a table, for which math-core begins a row, a line below the others."""
    cells = table.children[-1].children if len(table.children) > 1 else []
    stub = len(cells) == 1 and not cells[0].children
    line = re.match("comments-m-(rule|dashes)-top", _class(cells[0])) if stub else None
    if line:
        table.children.pop()
        for cell in table.children[-1].children:
            cell.attributes["class"] = f"{_class(cell)} comments-m-{line[1]}-bottom".lstrip()


_FINISH = {"math": _formula, "mtable": _table, "mrow": _row, "menclose": _row}
_FINISH |= {"mover": _accented, "munder": _accented, "mmultiscripts": _scripts}
