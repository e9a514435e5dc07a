"""The plan of the house, held against the code: who may import whom, how long things are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "comments_service"
FILES = sorted(PACKAGE.rglob("*.py"))

# For each part, the parts of ours that it may import; a part that is not named may be imported by none.
MAY = {
    "core": {"core"},
    "errors": {"core"},
    "language": {"core"},
    "settings": set(),
    "storage": {"storage", "core", "errors"},
    "news": {"storage"},
    "service": {"core", "news", "settings", "storage"},
    "operations": {"operations", "core", "storage", "service", "errors"},
    "web": {"web", "operations", "core", "language", "service", "settings", "errors"},
    "importers": {"core", "errors"},
    "outside": {"core"},
    "notify": {"notify", "core", "errors", "outside", "settings"},
    "worker": {"core", "language", "notify", "operations", "outside", "service"},
    "renderer": {"core"},
    "renderer_child": {"core", "renderer"},
    "server": {"settings"},
    "demo": {"core", "importers", "operations", "service"},
    "app": {
        "core",
        "errors",
        "news",
        "notify",
        "operations",
        "renderer",
        "service",
        "settings",
        "storage",
        "web",
        "worker",
    },
    "commands": {"app", "core", "errors", "operations", "service", "settings"},
    "cli": {"app", "commands", "demo", "errors", "importers", "operations", "server", "service"},
    "__main__": {"cli"},
}
DRIVERS = {
    "sqlite3": {"storage/sqlite.py", "importers/typecho.py"},
    "aiosqlite": {"storage/sqlite.py"},
    "asyncpg": {"storage/postgres.py"},
}
IMPURE = {"asyncio", "os", "time", "random", "secrets", "socket", "threading", "logging", "pathlib"}
NO_SQL = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ")

LONGEST_FILE, LONGEST_FUNCTION = 300, 40


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(path: Path) -> set[str]:
    names = (name.split(".") for name in imports(path))
    return {parts[1] for parts in names if parts[0] == "comments_service" and len(parts) > 1}


def outside(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)} - {"comments_service"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_each_part_imports_only_what_the_plan_allows(path: Path) -> None:
    name = part(path)
    if name == "__init__":
        assert not ours(path)
        return
    assert ours(path) <= MAY[name] | {name}, f"{name} may import only {sorted(MAY[name])}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_drivers_frameworks_and_sql_stay_where_they_belong(path: Path) -> None:
    here, name = str(path.relative_to(PACKAGE)), part(path)
    for driver, homes in DRIVERS.items():
        assert driver not in outside(path) or here in homes
    if name == "core":
        assert not outside(path) & IMPURE
    if name in ("core", "storage", "operations", "importers"):
        assert not outside(path) & {"starlette", "uvicorn", "jinja2"}
    if name not in ("storage", "importers"):
        texts = (
            n.value
            for n in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(n, ast.Constant)
        )
        assert not [
            text for text in texts if isinstance(text, str) and text.lstrip().startswith(NO_SQL)
        ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            data_only = len(node.body) == 1 or name_of_row(node)
            assert length <= LONGEST_FUNCTION or data_only, f"{node.name} has {length} lines"


def name_of_row(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether a function only fills in the fields of one value: long, but a list."""
    return isinstance(node.body[-1], ast.Return) and len(node.body) <= 4


def test_a_server_loads_no_library_for_texts() -> None:
    """The renderer's child has them; without them a server is smaller and starts sooner."""
    command = "import sys, comments_service.cli; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert not {"markdown_it", "bleach", "nh3", "math_core"} & set(told.stdout.decode().split())


def test_nothing_imports_what_wires() -> None:
    for path in FILES:
        if part(path) not in ("cli", "commands", "__main__", "app"):
            assert not ours(path) & {"app", "cli"}
