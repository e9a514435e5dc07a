"""The child that renders: the same result as in place, and no text that hangs or kills it stops the service."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from comments_service import renderer
from comments_service.core import text
from comments_service.renderer import Renderer
from tests.servers import ROOT, Server

BODIES = ["words", "$a<b$ 当$x<y$时\n\n> quoted", "**注意：**后面", "\u2028 odd \u0085 lines", ""]


@pytest.fixture
async def child() -> AsyncIterator[Renderer]:
    made = Renderer()
    yield made
    await made.close()


def pid_of(child: Renderer) -> int:
    assert child._child is not None
    return child._child.pid


async def test_it_renders_as_in_place_and_in_order(child: Renderer) -> None:
    sources = BODIES * 20 + [f"number {n} with ${n}<x$" for n in range(100)]
    results = await asyncio.gather(*(child.render(source) for source in sources))
    assert list(results) == [text.render(source) for source in sources]


async def test_a_child_that_was_ended_is_replaced_and_nothing_is_blamed(child: Renderer) -> None:
    await child.render("warm")
    first = pid_of(child)
    os.kill(first, signal.SIGKILL)
    results = await asyncio.gather(*(child.render(f"**{n}**") for n in range(20)))
    assert [result.warnings for result in results] == [()] * 20
    assert pid_of(child) != first


async def test_a_text_that_hangs_is_shown_as_typed_and_the_others_are_rendered(
    child: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "DEADLINE_SECONDS", 0.5)
    await child.render("warm")
    os.kill(pid_of(child), signal.SIGSTOP)
    results = await asyncio.gather(*(child.render(f"**{n}**") for n in range(5)))
    assert [bool(result.warnings) for result in results] == [True, False, False, False, False]
    assert "**0**" in results[0].html and results[0].warnings[0].code == "shown_as_typed"


async def test_a_text_that_crashes_two_children_is_shown_as_typed(
    child: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, crashes = renderer._receive, iter([True, True])

    async def receive_from_the_dead(
        process: asyncio.subprocess.Process, job: renderer._Job
    ) -> text.Rendered:
        if next(crashes, False):
            process.kill()
        return await receive(process, job)

    monkeypatch.setattr(renderer, "_receive", receive_from_the_dead)
    results = await asyncio.gather(*(child.render(f"**{n}**") for n in range(3)))
    assert [bool(result.warnings) for result in results] == [True, False, False]


UNCHECKED = """
import resource
from comments_service import renderer_child
from comments_service.core import tex
tex.check = lambda row: None
resource.setrlimit(resource.RLIMIT_STACK, (2**19, resource.RLIM_INFINITY))
renderer_child.main()
"""
FATAL = {"hangs": "([" * 20, "overflows its stack": "{" * 3_000}


@pytest.mark.parametrize("tex", FATAL.values(), ids=FATAL)
async def test_a_formula_that_ends_the_child_is_shown_as_its_source_and_the_rest_is_drawn(
    child: Renderer, monkeypatch: pytest.MonkeyPatch, tex: str
) -> None:
    """The limits that come first are off here, so that the real library is brought to its end."""
    monkeypatch.setattr(renderer, "_CHILD", ("-c", UNCHECKED))
    source = f"alice: $x$\n\n$${tex}$$\n\n$z$"
    hurt, other = await asyncio.gather(child.render(source), child.render("bob: $y$"))
    assert hurt.html.count("<math") == 2
    assert f'<code class="comments-tex">$${tex}$$</code>' in hurt.html
    assert [notice.code for notice in hurt.warnings] == ["formula_late"]
    assert source[hurt.warnings[0].start : hurt.warnings[0].end] == f"$${tex}$$"
    assert "<math" in other.html and other.warnings == ()


async def test_a_text_full_of_such_formulas_is_shown_without_drawing_any(
    child: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renderer, "_CHILD", ("-c", UNCHECKED))
    mallory = await child.render("$x$ " + " ".join(["$" + "([" * 20 + "$"] * 9))
    assert "<math" not in mallory.html
    assert len(mallory.warnings) == 10
    assert "<math" in (await child.render("$x$")).html


async def test_no_text_is_blamed_for_a_slow_start(
    child: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new child loads its libraries for longer than this deadline."""
    monkeypatch.setattr(renderer, "DEADLINE_SECONDS", 0.1)
    assert (await child.render("**bold**")).warnings == ()


async def test_a_child_of_another_version_is_no_fault_of_the_service(
    child: Renderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await child.render("warm")
    answers = iter([b"[]\n", b"{}\n"])
    line = renderer._line

    async def other(process: asyncio.subprocess.Process, seconds: float) -> bytes:
        answer = await line(process, seconds)
        return answer if answer == renderer.READY else next(answers, answer)

    monkeypatch.setattr(renderer, "_line", other)
    assert (await child.render("**bold**")).warnings[0].code == "shown_as_typed"
    assert (await child.render("**bold**")).warnings == ()


def test_the_child_ends_with_its_parent(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        post(server)
        found = children(server.pid)
        assert len(found) == 1
        server.kill()
    deadline = 200
    while Path(f"/proc/{found[0]}").exists() and is_alive(found[0]) and deadline:
        deadline -= 1
        subprocess.run([sys.executable, "-c", ""], check=True)
    assert not is_alive(found[0])


def post(server: Server) -> None:
    answer = httpx2.post(
        f"{server.url}/api/v1/sites/default/comments",
        json={"thread": "/x", "name": "alice", "body": "words"},
        timeout=20,
    )
    assert answer.status_code == 201


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


KILLERS = {
    "brackets": "[" * 10_000,
    "images": "![" * 5_000,
    "nested lists": "\n".join("  " * n + "- x" for n in range(95)),
    "nested quotes": ">" * 5_000 + " x",
    "unclosed displays": "\\[\n" * 3_000,
    "unclosed environments": "\\begin{align}\n" * 700,
    "unclosed dollars": "$x " * 3_333,
    "table": "|" + "a|" * 100 + "\n|" + "-|" * 100 + "\n" + "|\n" * 4_000,
    "emphasis": "*a " * 3_333,
    "backticks": "`" + "``" * 4_000,
    "macro bomb": "$\\def\\a{{{{{{{{{{{{{\\a}}}}}}}}}}}}}\\a$",
    "openers": "$" + "([" * 20 + "$",
    "nested arguments": r"$\def\a#1{#1#1}" + r"\a{" * 20 + "x" + "}" * 20 + "$",
    "braces": "$" + "{" * 400 + "}" * 400 + "$",
    "accents": "$" + r"\hat" * 300 + "x$",
    "autolinks": "<http://a>" * 999,
    "entities": "&amp;" * 2_000,
    "combining": "a" + "\u0301" * 9_999,
}


SHOWN = ("macro bomb", "openers", "nested arguments", "braces", "accents")  # as their source


async def test_killers_are_stored_and_others_are_answered_meanwhile(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as client:

            async def send(name: str, body: str) -> None:
                draft = {"thread": "/killers", "name": "mallory", "body": body[:10_000]}
                answer = await client.post("/api/v1/sites/default/comments", json=draft)
                assert answer.status_code == 201, (name, answer.text[:500])
                if name in SHOWN:
                    shown = f'<code class="comments-tex">{body}</code>'
                    assert shown in answer.json()["comment"]["html"]

            sending = asyncio.gather(*(send(name, body) for name, body in KILLERS.items()))
            answered = 0
            while not sending.done():
                assert (await client.get("/livez")).status_code == 200
                answered += 1
            await sending
            page = (
                await client.get("/api/v1/sites/default/comments?thread=/killers&page=last")
            ).json()
    assert page["thread"]["count"] == len(KILLERS)
    assert answered > len(KILLERS)


def test_the_module_is_found_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "comments_service").mkdir()
    (tmp_path / "comments_service" / "__init__.py").write_text("raise SystemExit('an impostor')")
    script = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1]);"
        "from comments_service.renderer import Renderer\n"
        "async def main():\n"
        "    made = Renderer(); print((await made.render('**x**')).html); await made.close()\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "<strong>x</strong>" in done.stdout
