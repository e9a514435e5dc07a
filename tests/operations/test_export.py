"""An export of data: what the API answers, as files that are whole at any time and touched only when they change."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comments_service.core.exported import file_name
from comments_service.core.models import Comment, Visitor
from comments_service.core.moderation import Action
from comments_service.core.permissions import OPERATOR
from comments_service.core.tree import SHOWN_REPLIES
from comments_service.errors import ExportImpossible, SiteUnknown
from comments_service.operations import commenting, deciding, exporting, maintaining, voting
from comments_service.operations.deciding import Ask
from tests.conftest import MONA, Clock, House, client_of, house_on
from tests.operations.test_changes import fresh_house
from tests.servers import ROOT

ACTIONS: list[Action] = ["approve", "hold", "spam", "reject", "delete", "restore"]
Files = dict[str, bytes]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def export(house: House, folder: Path) -> exporting.Report:
    return await exporting.export_data(house.service, "blog", folder)


def files(folder: Path) -> Files:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes whenever a file is written or replaced."""
    found = {str(p.relative_to(folder)): p.stat() for p in folder.rglob("*.json")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}


def touched(before: dict[str, tuple[int, int]], folder: Path) -> set[str]:
    return {name for name, stamp in stamps(folder).items() if before.get(name) != stamp}


def thread_file(folder: Path, key: str) -> Any:
    return json.loads((folder / file_name(key)).read_bytes())


async def decide(house: House, comment: Comment, action: Action) -> None:
    current = await house.comment(comment.id)
    await deciding.decide(house.service, MONA, [Ask(comment.id, current.version, action)])


async def as_answered(client: httpx2.AsyncClient, key: str) -> dict[str, Any]:
    """Return a thread as a reader of the API puts it together, page by page."""
    address = "/api/v1/sites/blog/comments"
    found: list[Any] = []
    for number in range(1, 100):
        page = (await client.get(address, params={"thread": key, "page": number})).json()
        found += page["comments"]
        if page["links"]["next"] is None:
            break
    for root in found:
        following = root.get("more_replies", {}).get("url")
        further = []
        while following:
            answer = (await client.get(following)).json()
            further += answer["replies"]
            following = answer["next"]
        if further:
            root["more_replies"]["replies"] = further
    return {"thread": page["thread"], "comments": found}


async def test_a_thread_is_what_the_api_answers_page_by_page(
    house: House, client: httpx2.AsyncClient, data: Path
) -> None:
    root = (await house.post("first $x<1$")).comment
    for number in range(SHOWN_REPLIES + 3):
        await house.post(f"reply {number}", to=root)
    others = [(await house.post(f"**root** {number}", name="孔")).comment for number in range(21)]
    below = (await house.post("below", to=others[4])).comment
    await decide(house, others[4], "delete")
    report = await export(house, data)
    assert report == exporting.Report(1, SHOWN_REPLIES + 3 + 22, 3, 0)
    found = thread_file(data, "/post")
    assert found == await as_answered(client, "/post")
    assert len(found["comments"][0]["more_replies"]["replies"]) == 3
    assert found["comments"][5]["author"] is None, "a tombstone"
    assert found["comments"][5]["replies"][0]["id"] == str(below.id)
    recent = json.loads((data / "recent.json").read_bytes())
    assert recent == (await client.get("/api/v1/sites/blog/recent?limit=50")).json()


async def test_the_index_names_every_thread_whatever_its_key(house: House, data: Path) -> None:
    keys = ["/", "/文/章", "/a", "/A", "../../etc/passwd", "/" + "長" * 500, "/a?b=c&d", "con"]
    for key in keys:
        await house.post(f"below {key}", thread=key)
    await export(house, data)
    index = json.loads((data / "index.json").read_bytes())
    assert sorted(index["threads"]) == list(index["threads"]) == sorted(keys)
    names = [entry["file"] for entry in index["threads"].values()]
    assert len({name.lower() for name in names}) == len(keys)
    for key, entry in index["threads"].items():
        assert json.loads((data / entry["file"]).read_bytes())["thread"]["key"] == key
        assert (entry["file"], entry["count"]) == (file_name(key), 1)
    assert set(files(data)) == {"index.json", "recent.json", *names}
    assert "unfinished" not in index
    # As docs/static-sites.md tells template writers, by the tools of others.
    said = hashlib.sha256("/文/章".encode()).hexdigest()
    assert index["threads"]["/文/章"]["file"] == f"threads/{said}.json"


async def test_only_what_changed_is_written(house: House, data: Path) -> None:
    first, second = [(await house.post(thread=key)).comment for key in ("/1", "/2")]
    await export(house, data)
    before = stamps(data)
    assert (await export(house, data)).written == 0
    assert touched(before, data) == set()

    await house.post("more", thread="/1")
    report = await export(house, data)
    assert touched(before, data) == {file_name("/1"), "recent.json", "index.json"}
    assert (report.written, report.removed) == (3, 0)

    before = stamps(data)
    await voting.vote(house.service, house.site, second.id, "bob", wanted=True)
    await export(house, data)
    assert file_name("/2") in touched(before, data), "a vote is to be seen"

    before = stamps(data)
    await decide(house, first, "hold")
    await decide(house, first, "approve")
    await export(house, data)
    # It has the same text again, but stands among the newest.
    assert file_name("/2") not in touched(before, data)


async def test_a_file_that_somebody_broke_is_mended(house: House, data: Path) -> None:
    await house.post()
    await export(house, data)
    whole = files(data)
    (data / file_name("/post")).write_bytes(b"{}")
    (data / "recent.json").unlink()
    assert (await export(house, data)).written == 2
    assert files(data) == whole


async def test_the_index_is_on_disk_before_it_takes_its_place(
    house: House, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a machine that fails may leave an empty one, by which no later export would know the files."""
    await house.post()
    index, synced, fsync = data / "index.json", set[int](), os.fsync

    def sync(handle: int) -> None:
        synced.add(os.fstat(handle).st_ino)
        assert not index.exists() or index.stat().st_ino != os.fstat(handle).st_ino
        fsync(handle)

    monkeypatch.setattr(os, "fsync", sync)
    for _ in range(2):
        await export(house, data)
        assert index.stat().st_ino in synced
        await house.post("more")


async def test_what_the_files_depend_on_besides_changes_renews_them(
    house: House, data: Path
) -> None:
    await house.post()
    await export(house, data)
    moved = house.service.settings.model_copy(update={"base_url": "https://c.example"})
    service = replace(house.service, settings=moved)
    await exporting.export_data(service, "blog", data)
    [comment] = thread_file(data, "/post")["comments"]
    assert comment["permalink"].startswith("https://c.example/c/")
    policy = house.site.policy.model_copy(update={"avatars": "none"})
    await maintaining.change_policy(service, OPERATOR, house.site, policy)
    await exporting.export_data(service, "blog", data)
    assert thread_file(data, "/post")["comments"][0]["author"]["avatar"] is None


async def test_what_readers_can_not_see_is_in_no_file(strict_house: House, data: Path) -> None:
    house = strict_house
    hidden: list[Action | None] = [None, "hold", "spam", "reject", "delete"]
    for number, action in enumerate(hidden):
        comment = (
            await house.post("hiddenword", name="hiddenname", email=f"hidden{number}@m.example",
                             thread=f"/hiddenkey{number}", address=f"192.0.2.{number}")
        ).comment  # fmt: skip
        other = (await house.post(f"hiddenword {number}", name="hiddenname")).comment
        for each in (comment, other) if action else ():
            await decide(house, each, "approve")
            await export(house, data)
            await decide(house, each, action)
    seen = (await house.post("seen", email="secret@alice.example")).comment
    await decide(house, seen, "approve")
    await export(house, data)
    assert set(files(data)) == {"index.json", "recent.json", file_name("/post")}
    for content in files(data).values():
        assert b"hidden" not in content and b"secret@" not in content and b"192.0.2" not in content


async def test_files_of_threads_that_nobody_sees_go_and_others_of_olga_stay(
    house: House, data: Path
) -> None:
    gone = (await house.post(thread="/gone")).comment
    await house.post(thread="/stays")
    await export(house, data)
    hers = [data / "threads" / "notes.json", data / "threads" / f"{'a' * 64}.json"]
    for path in hers:
        path.write_text("hers")
    await decide(house, gone, "delete")
    assert (await export(house, data)).removed == 1
    assert not (data / file_name("/gone")).exists()
    assert (data / file_name("/stays")).exists()
    assert [path.read_text() for path in hers] == ["hers", "hers"]


async def test_a_directory_of_somebody_else_is_left_alone(house: House, tmp_path: Path) -> None:
    await house.post()
    await maintaining.add_site(house.service, "other", [])
    kept: list[tuple[str, str, str]] = [
        ("index.json", '{"title": "mine"}', "is not of an export"),
        ("index.json", '{"threads": {"/": {"file": "../../x"}}}', "is not of an export"),
        ("page.md", "mine", "is not empty"),
    ]
    for number, (name, text, sentence) in enumerate(kept):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / name).write_text(text)
        with pytest.raises(ExportImpossible, match=sentence):
            await export(house, folder)
        assert files(folder) == {name: text.encode()}
    await export(house, tmp_path / "blog")
    before = stamps(tmp_path / "blog")
    with pytest.raises(ExportImpossible, match="of the site blog"):
        await exporting.export_data(house.service, "other", tmp_path / "blog")
    with exporting._alone(tmp_path / "blog"), pytest.raises(ExportImpossible, match="is running"):
        await export(house, tmp_path / "blog")
    assert touched(before, tmp_path / "blog") == set()
    with pytest.raises(SiteUnknown):
        await exporting.export_data(house.service, "nowhere", tmp_path / "none")
    assert not (tmp_path / "none").exists()


STEP = st.tuples(
    st.sampled_from(["post", "post", "reply", "edit", "vote", "export", *ACTIONS]),
    st.integers(0, 30),
)


async def take(house: House, step: tuple[str, int], ids: list[int], folder: Path) -> None:
    what, which = step
    if what == "export":
        await export(house, folder)
    elif what == "post" or not ids:
        ids.append((await house.post(f"words {len(ids)}", thread=f"/{which % 3}")).comment.id)
    else:
        await act(house, what, await house.comment(ids[which % len(ids)]), ids)


async def act(house: House, what: str, comment: Comment, ids: list[int]) -> None:
    if what in ACTIONS:
        await decide(house, comment, what)  # type: ignore[arg-type]
    elif not comment.visible:
        return
    elif what == "vote":
        await voting.vote(house.service, house.site, comment.id, "bob", wanted=True)
    elif what == "edit":
        own = Visitor(receipts=frozenset({comment.id}))
        body = f"{comment.body} again"
        await commenting.edit_comment(house.service, house.site, comment.id, body, own)
    else:
        thread = await exporting.reading.resolve(house.service, comment.id)
        posted = await house.post(f"words {len(ids)}", to=comment, thread=thread[0].key)
        ids.append(posted.comment.id)


async def play(house: House, steps: list[tuple[str, int]], folder: Path) -> None:
    """Whatever happened between the exports, the last is what a first one would be, and what the API says."""
    ids: list[int] = []
    for step in steps:
        await take(house, step, ids, folder / "kept")
    await export(house, folder / "kept")
    await export(house, folder / "anew")
    assert files(folder / "kept") == files(folder / "anew")
    async with client_of(house) as client:
        for key in ("/0", "/1", "/2"):
            answered = await as_answered(client, key)
            shown = answered["thread"]["count"] > 0
            assert (folder / "kept" / file_name(key)).exists() == shown
            assert not shown or thread_file(folder / "kept", key) == answered


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_exports_at_any_moments_end_as_the_api_answers(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    room = request.getfixturevalue("postgres_room") if engine == "postgres" else None

    @settings(
        max_examples=25 if engine == "sqlite" else 5,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(STEP, max_size=25))
    def property_(steps: list[tuple[str, int]]) -> None:
        async def run() -> None:
            async with fresh_house("none", room) as house:
                await play(house, steps, tmp_path_factory.mktemp("export"))

        asyncio.run(run())

    property_()


def start(url: str, folder: Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
    given = {"DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": "test"}
    command = ["export", "--format", "data", "--site", "blog", str(folder / "out")]
    return subprocess.Popen(
        [sys.executable, "-m", "comments_service", *command],
        env=kept | {f"COMMENTS_{name}": value for name, value in given.items()},
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def writing_end(pipe: Path, process: subprocess.Popen[str]) -> int:
    """Wait until a process reads from a pipe, and hold it there."""
    while True:
        with contextlib.suppress(OSError):  # nobody reads yet
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
async def test_a_run_that_was_stopped_leaves_whole_files_and_the_next_one_ends_it(
    database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    """Nor does it leave a file that no later run knows of: threads are hidden in between."""
    out = tmp_path / "out"
    async with house_on(database_url, tmp_path, Clock()) as house:
        await export(house, out)
        posted = [(await house.post(thread=f"/{n}")).comment for n in range(20)]
        keys = {comment.thread_id: f"/{n}" for n, comment in enumerate(posted)}
    order = [out / file_name(keys[thread_id]) for thread_id in sorted(keys)]
    order[10].parent.mkdir()
    os.mkfifo(order[10])  # whoever looks into it is stuck there
    process = start(database_url, tmp_path)
    held = writing_end(order[10], process)
    process.send_signal(number)
    os.close(held)
    _, said = process.communicate(timeout=30)
    assert order[9].exists() and not order[12].exists()
    if number == signal.SIGINT:
        assert process.returncode == 1
        assert "Interrupted. Run it again" in said and "Traceback" not in said
    else:
        order[10].unlink()
    assert all(json.loads(path.read_bytes()) for path in out.rglob("*.json")), "each is whole"
    async with house_on(database_url, tmp_path, Clock()) as house:
        for comment in posted[::2]:
            await decide(house, comment, "delete")
        assert (await export(house, out)).threads == 10
        await export(house, tmp_path / "anew")
    assert files(out) == files(tmp_path / "anew")
