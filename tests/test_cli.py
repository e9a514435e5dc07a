"""The commands as operators run them: data on stdout, talk on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from comments_service.cli import main
from tests.postgres import PostgresServer
from tests.servers import ROOT, Server

SAMPLE = ROOT / "comments_service" / "demo" / "typecho.sqlite"


def run(
    folder: Path, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMENTS_")}
    return subprocess.run(
        [sys.executable, "-m", "comments_service", *arguments],
        env=kept | {"COMMENTS_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)} | settings,
        input=stdin,
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=60,
        check=False,
    )


def call(
    folder: Path, *arguments: str, stdin: str = "", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which takes a tenth of the time."""
    runner = CliRunner(env={"COMMENTS_DATA_DIR": str(folder)} | settings)
    with contextlib.chdir(folder):
        done = runner.invoke(main, arguments, input=stdin)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def test_olga_sets_up_a_site_from_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "init").returncode == 0
    assert call(tmp_path, "init").returncode == 0
    added = call(tmp_path, "site", "add", "blog", "--origin", "https://blog.example/")
    assert (added.returncode, added.stdout) == (0, "")
    assert (
        call(tmp_path, "site", "add", "blog", "--origin", "http://localhost:1313").returncode == 0
    )
    listed = json.loads(call(tmp_path, "site", "list", "--json").stdout)
    assert {"slug": "blog", "origins": ["http://localhost:1313", "https://blog.example"]} in listed
    assert {"slug": "default", "origins": ["http://127.0.0.1:8000"]} in listed
    token = run(tmp_path, "token", "create", "--scope", "moderate")
    assert re.fullmatch(r"[\w-]{43}\n", token.stdout)
    mona = run(
        tmp_path,
        "moderator",
        "add",
        "mona@blog.example",
        "--password-stdin",
        stdin="correct horse\n",
    )
    assert mona.returncode == 0 and "correct horse" not in mona.stdout + mona.stderr


def test_olga_manages_people_and_tokens_by_commands(tmp_path: Path) -> None:
    def listed(kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(call(tmp_path, kind, "list", "--json").stdout)
        return found

    def add(name: str, *options: str) -> subprocess.CompletedProcess[str]:
        arguments = ["moderator", "add", f"{name}@b.example", "--password-stdin", *options]
        return call(tmp_path, *arguments, stdin="correct horse\n")

    call(tmp_path, "site", "add", "blog")
    assert add("olga").stderr == "olga@b.example may sign in as owner.\n"
    assert add("mona", "--role", "moderator", "--site", "blog").returncode == 0
    assert add("mona").stderr.endswith("as moderator.\n")  # a new password, the same role
    expected = [("mona@b.example", "moderator", ["blog"]), ("olga@b.example", "owner", None)]
    assert [(p["email"], p["role"], p["sites"]) for p in listed("moderator")] == expected
    assert (
        "mona@b.example\tmoderator\tblog\tpassword only\t-"
        in call(tmp_path, "moderator", "list").stdout
    )
    assert call(tmp_path, "moderator", "reset-second-factor", "mona@b.example").returncode == 0
    assert call(tmp_path, "moderator", "remove", "mona@b.example").returncode == 0
    last = call(tmp_path, "moderator", "remove", "olga@b.example")
    assert last.returncode == 1 and "This is the only owner." in last.stderr
    made = ["token", "create", "--scope", "read", "--scope", "manage", "--site", "blog"]
    secret = call(tmp_path, *made, "--name", "bot", "--expires", "30").stdout
    assert re.fullmatch(r"[\w-]{43}\n", secret)
    [token] = listed("token")
    assert (token["name"], token["scopes"], token["sites"]) == ("bot", ["read", "manage"], ["blog"])
    assert token["created_by"] == "operator" and token["expires_at"] and not token["used_at"]
    assert call(tmp_path, "token", "revoke", "bot").returncode == 0
    assert listed("token") == []


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["site", "add", "Not A Slug"], 1, "slug: Use small letters"),
        (
            ["site", "add", "blog", "--origin", "blog.example"],
            1,
            "write it as https://blog.example",
        ),
        (["import", "typecho", "pyproject.toml", "--site", "blog"], 1, "pyproject.toml"),
        (["import", "typecho", "missing.db", "--site", "blog"], 2, "missing.db"),
        (["import", "blogger", "pyproject.toml", "--site", "blog"], 2, "blogger"),
        (["render-again", "--site", "blog"], 1, "no site of this name"),
        (["render-again", "blog"], 2, "blog"),
        (["export", "--format", "data", "--site", "blog", "x"], 1, "can't be opened"),
        (["export", "--site", "blog", "x"], 2, "--format"),
        (["export", "--format", "burn", "--site", "blog", "x"], 2, "burn"),
        (["export", "--format", "data", "x"], 2, "--site"),
        (["moderator", "add", "nobody", "--password-stdin"], 1, "email: "),
        (["moderator", "add", "m@b.example", "--password-stdin"], 1, "password: "),
        (["moderator", "add", "m@b.example", "--site", "x", "--password-stdin"], 2, "--role"),
        (["moderator", "remove", "m@b.example"], 1, "no such account"),
        (["token", "create"], 2, "--scope"),
        (["token", "create", "--scope", "burn"], 2, "burn"),
        (["token", "create", "--scope", "read", "--expires", "0"], 1, "expires_days: "),
        (["token", "create", "--scope", "read", "--site", "x"], 1, "no site of this name"),
        (["token", "revoke", "bot"], 1, "no such token"),
        (["serve", "--port", "x"], 2, "COMMENTS_PORT"),
        (["burn"], 2, "burn"),
    ],
)
def test_wrong_use_is_answered_with_a_sentence(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    arguments = [str(ROOT / name) if name == "pyproject.toml" else name for name in arguments]
    done = call(tmp_path, *arguments, stdin="short\n")
    assert done.returncode == code, done.stderr
    assert sentence in done.stderr and "Traceback" not in done.stderr and done.stdout == ""


def test_an_import_says_what_it_did_and_does_it_once(tmp_path: Path) -> None:
    tried = call(tmp_path, "import", "typecho", str(SAMPLE), "--site", "old", "--dry-run")
    assert tried.returncode == 0 and "Old ids are kept" in tried.stderr
    done = call(tmp_path, "import", "typecho", str(SAMPLE), "--site", "old")
    assert done.stderr == tried.stderr and done.stdout == ""
    again = call(tmp_path, "import", "typecho", str(SAMPLE), "--site", "old")
    assert "0 threads, 0 comments" in again.stderr and "were there already" in again.stderr


def make_old(folder: Path) -> int:
    """Leave all comments as an older renderer would have, and return their number."""
    connection = sqlite3.connect(folder / "comments.sqlite")
    number = connection.execute("UPDATE comments SET renderer = '0', html = 'old'").rowcount
    connection.commit()
    connection.close()
    return number


def test_rendering_again_says_what_it_did_and_does_it_once(tmp_path: Path) -> None:
    call(tmp_path, "import", "typecho", str(SAMPLE), "--site", "old")
    number = make_old(tmp_path)
    elsewhere = call(tmp_path, "render-again", "--site", "default")
    assert elsewhere.stderr == "0 comments rendered again, 0 of them look different.\n"
    done = call(tmp_path, "render-again")
    sentence = f"{number} comments rendered again, {number} of them look different.\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, "", sentence)
    assert call(tmp_path, "render-again").stderr == elsewhere.stderr


def test_olga_sees_at_a_terminal_how_far_it_is(tmp_path: Path) -> None:
    call(tmp_path, "import", "typecho", str(SAMPLE), "--site", "old")
    number = make_old(tmp_path)
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "comments_service", "render-again", "--data-dir", str(tmp_path)],
        stderr=theirs,
        cwd=ROOT,
    )
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while piece := os.read(ours, 4096):
            said += piece
    os.close(ours)
    assert process.wait(60) == 0
    assert f"Rendering  [{'-' * 36}]  0/{number}".encode() in said
    assert f"Rendering  [{'#' * 36}]  {number}/{number}".encode() in said
    assert said.count(f"{number} comments rendered again".encode()) == 1


def test_rendering_again_waits_for_the_end_of_a_service_on_sqlite(tmp_path: Path) -> None:
    with Server(tmp_path):
        done = call(tmp_path, "render-again")
    assert done.returncode == 1 and "is in use by another process" in done.stderr


def test_rendering_again_runs_beside_a_service_on_postgres(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    url = postgres.create_database()
    with Server(tmp_path, DATABASE_URL=url) as server:
        thread = f"{server.url}/api/v1/sites/default/comments"
        draft = {"thread": "/post", "name": "alice", "body": "**bold**"}
        assert httpx2.post(thread, json=draft).status_code == 201
        update = "UPDATE comments SET renderer = '0', html = '<p>old</p>'"
        postgres.sql(update, database=url.rsplit("/", 1)[1])
        before = httpx2.get(f"{thread}?thread=/post")
        done = call(tmp_path, "render-again", COMMENTS_DATABASE_URL=url)
        assert done.stderr.endswith("1 comments rendered again, 1 of them look different.\n")
        tag = {"If-None-Match": before.headers["etag"]}
        after = httpx2.get(f"{thread}?thread=/post", headers=tag)
    assert "<p>old</p>" in before.text
    assert after.status_code == 200 and "<strong>bold</strong>" in after.text


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_an_export_runs_beside_a_service(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """On SQLite too, where it only reads; on neither does it make or change a table."""
    url = f"sqlite:///{tmp_path}/comments.sqlite"
    if engine == "postgres":
        url = request.getfixturevalue("postgres").create_database()
    out = tmp_path / "out"
    command = ["export", "--format", "data", "--site", "default", str(out)]

    def export() -> subprocess.CompletedProcess[str]:
        return call(tmp_path, *command, COMMENTS_DATABASE_URL=url, COMMENTS_SECRET_KEY="test")

    early = export()
    assert early.returncode == 1 and not out.exists(), early.stderr
    with Server(tmp_path, DATABASE_URL=url) as server:
        for number in (1, 2, 3):
            draft = {"thread": "/post", "name": "alice", "body": f"**bold** {number}"}
            address = f"{server.url}/api/v1/sites/default/comments"
            assert httpx2.post(address, json=draft).status_code == 201
            done = export()
            said = f"1 threads with {number} comments: 3 files written, 0 removed.\n"
            assert (done.returncode, done.stdout) == (0, "") and done.stderr.endswith(said)
        server.kill()
    assert export().stderr.endswith("0 files written, 0 removed.\n"), "also what only the WAL holds"
    with Server(tmp_path, DATABASE_URL=url) as server:
        page = httpx2.get(f"{server.url}/api/v1/sites/default/comments?thread=/post").json()
    assert page["thread"]["count"] == 3


def test_a_file_that_is_no_database_is_named_by_the_export(tmp_path: Path) -> None:
    (tmp_path / "comments.sqlite").write_text("no database at all")
    done = call(tmp_path, "export", "--format", "data", "--site", "x", str(tmp_path / "out"))
    assert done.returncode == 1 and "file is not a database" in done.stderr


def test_the_first_start_shows_address_link_and_snippet(tmp_path: Path) -> None:
    with Server(tmp_path, "--demo") as server:
        said = server.log.read_text()
        assert f"Serving {server.url}/" in said
        assert f'<script type="module" src="{server.url}/static/embed.js"></script>' in said
        found = re.search(r"http://\S+/dashboard/setup\?invitation=[\w-]+", said)
        assert found
        with urllib.request.urlopen(found[0], timeout=10) as page:
            assert page.status == 200
    with Server(tmp_path, "--demo") as server:
        assert "/dashboard/setup" in server.log.read_text().split("Serving")[-1]
    call(tmp_path, "moderator", "add", "m@b.example", "--password-stdin", stdin="correct horse\n")
    with Server(tmp_path, "--demo") as server:
        assert "/dashboard/setup" not in server.log.read_text().split("Serving")[-1]
        with pytest.raises(urllib.error.HTTPError, match="410"):
            urllib.request.urlopen(
                found[0].replace(found[0].split("/")[2], server.url[7:]), timeout=10
            )


def test_postgres_is_only_another_address(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    postgres = request.getfixturevalue("postgres")
    url = postgres.create_database()
    done = call(tmp_path, "init", COMMENTS_DATABASE_URL=url)
    assert done.returncode == 0, done.stderr
    unreachable = call(tmp_path, "init", COMMENTS_DATABASE_URL="postgresql://127.0.0.1:1/x")
    assert unreachable.returncode == 1 and "PostgreSQL can't be reached" in unreachable.stderr


def test_every_command_is_in_the_docs() -> None:
    docs = (ROOT / "docs" / "operating.md").read_text("utf-8")
    for name, command in main.commands.items():
        names = [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]
        for full in names:
            assert f"comments-service {full}" in docs, f"{full} is missing from docs/operating.md"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    server = Server(tmp_path).start()
    os.kill(server.pid, number)
    assert server.wait() == 0
    assert "Stopped." in server.log.read_text()
    assert not list(tmp_path.glob("*-wal")), "the last to close a SQLite file tidies up"


@pytest.mark.parametrize(("key", "warned"), [("test", True), ("test" * 4, False)])
def test_serve_warns_of_a_secret_key_that_can_be_guessed(
    tmp_path: Path, key: str, warned: bool
) -> None:
    with Server(tmp_path, SECRET_KEY=key) as server:
        assert ("SECRET_KEY is short" in server.log.read_text()) == warned


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        other = tmp_path / "other"
        other.mkdir()
        done = run(other, "serve", "--port", str(server.port))
    assert done.returncode == 1
    assert f"127.0.0.1 port {server.port} can't be listened on" in done.stderr
    assert "Serving" not in done.stderr
