"""The documents say what is there: every code, route, part and package is named, every link leads somewhere."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Mount, Route

from comments_service import app as wiring
from comments_service import errors
from comments_service.settings import SECRETS, Settings
from comments_service.web import problems
from tests.conftest import Clock, house_on
from tests.test_architecture import FILES, MAY, PACKAGE

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "deploy/*.md", "comments_service/**/*.md")
    for path in ROOT.glob(pattern)
)
API = (ROOT / "docs" / "api.md").read_text("utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text("utf-8")
OF_THE_TESTS = {"TEST_PAYLOADS"}  # variables that only `make test` reads
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def each_document(path: Path) -> str:
    return str(path.relative_to(ROOT))


def subclasses(kind: type[errors.Refused]) -> Iterator[type[errors.Refused]]:
    for found in kind.__subclasses__():
        yield found
        yield from subclasses(found)


def test_every_error_code_is_in_the_api_with_its_status() -> None:
    codes = {(problems.STATUS[kind], kind.code) for kind in subclasses(errors.Refused)}
    codes |= {(status, code) for status, (code, _) in problems._HTTP_CODES.items()}
    for status, code in codes | {(500, "internal")}:
        assert f"| {status} | `{code}` |" in API, f"{status} {code} is missing from docs/api.md"


def test_every_code_of_a_field_is_in_the_api() -> None:
    """Those of the commands and of the dashboard's forms are sentences for people."""
    places = {"_fail": 0, "PydanticCustomError": 0, "FieldError": 1}
    found = set()
    for path in FILES:
        if path.relative_to(PACKAGE).parts[0] not in ("core", "web"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = places.get(node.func.id)
                code = node.args[place] if place is not None else None
                found |= {code.value} if isinstance(code, ast.Constant) else set()
    assert "too_long" in found
    assert [code for code in found if f"`{code}`" not in API] == []


def addresses(routes: Sequence[BaseRoute], before: str = "") -> Iterator[str]:
    for route in routes:
        if isinstance(route, Mount):
            path = before + route.path
            yield from addresses(route.routes, path) if route.routes else [f"GET {path}/"]
        elif isinstance(route, Route):
            for method in (route.methods or {"GET"}) - {"HEAD"}:
                yield f"{method} {before}{route.path}"


async def test_every_route_is_in_the_documents(tmp_path: Path, clock: Clock) -> None:
    async with house_on(f"sqlite:///{tmp_path}/comments.sqlite", tmp_path, clock) as house:
        found = set(addresses(wiring.build(house.service, demo=True).routes))
    assert "POST /api/v1/sites/{site}/comments" in found
    missing = [address for address in found if f"`{address}`" not in API + OPERATING]
    assert missing == []


def test_every_part_of_the_package_is_on_the_map() -> None:
    for path in PACKAGE.iterdir():
        if path.name.startswith("__") and path.name != "__main__.py":
            continue
        name = f"{path.name}/" if path.is_dir() else path.name
        assert f"`{name}`" in ARCHITECTURE, f"{name} is missing from ARCHITECTURE.md"


def test_the_import_table_is_the_one_that_is_held() -> None:
    written = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", ARCHITECTURE, re.MULTILINE))
    for part, may in MAY.items():
        named = set(re.findall(r"`(\w+)`", written[part]))
        assert named == may - {part}, f"{part} in ARCHITECTURE.md"


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    listed = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    for line in listed:
        name = re.match(r"[\w-]+", line)
        assert name and f"`{name[0]}`" in ARCHITECTURE, f"{line} is missing from ARCHITECTURE.md"


@pytest.mark.parametrize("path", DOCUMENTS, ids=each_document)
def test_links_lead_to_files_and_headings(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_file(), f"{link} leads nowhere"
        assert not anchor or anchor in headings(target), f"{link} leads to no heading"


def headings(path: Path) -> set[str]:
    """Return a Markdown file's anchors."""
    lines = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("path", DOCUMENTS, ids=each_document)
def test_settings_and_targets_that_are_named_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{name.upper()}_FILE" for name in SECRETS}
    ours = set(re.findall(r"\bCOMMENTS_([A-Z_]*[A-Z])\b", text)) - OF_THE_TESTS
    assert ours <= known
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = re.findall(r"```sh\n(.*?)```|`([^`\n]+)`", text, re.DOTALL)
    named = re.findall(r"\bmake ([a-z-]+)", "\n".join(block or words for block, words in code))
    assert set(named) <= targets
