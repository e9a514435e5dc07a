"""Typecho's databases: the one of the demo, figure by figure, and small ones with other dirt."""

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from comments_service.core.imported import Import, ImportedComment, ImportedThread
from comments_service.core.text import render
from comments_service.errors import ImportImpossible
from comments_service.importers import typecho

SAMPLE = Path(typecho.__file__).parents[1] / "demo" / "typecho.sqlite"


@pytest.fixture(scope="module")
def sample() -> Import:
    return typecho.read(SAMPLE)


def comments(found: Import) -> dict[int, ImportedComment]:
    return {comment.old_id: comment for thread in found.threads for comment in thread.comments}


# --- The sample ---


def test_every_comment_of_the_sample_is_read(sample: Import) -> None:
    def figures(thread: ImportedThread) -> tuple[int, int, int, int]:
        by = Counter(comment.status for comment in thread.comments)
        roots = sum(c.parent is None and c.status == "approved" for c in thread.comments)
        return by["approved"], by["pending"], by["spam"], roots

    assert sample.source == "typecho"
    # The counter of 11390 says 2147483647, that of 11530 65; post 1234 has no comments.
    assert {thread.key: figures(thread) for thread in sample.threads} == {
        "/archives/7610": (1, 0, 0, 1),
        "/archives/7782": (22, 0, 0, 22),
        "/archives/7787": (5, 0, 0, 4),
        "/archives/11390": (122, 4, 4, 74),
        "/archives/11416": (12, 0, 0, 6),
        "/archives/11428": (34, 2, 1, 25),
        "/archives/11530": (65, 4, 2, 37),
    }
    assert len(comments(sample)) == 278


def test_roots_are_as_many_as_typecho_shows(sample: Import) -> None:
    # What var/Widget/Comments/Archive.php does: approved ones in the order of their ids; those
    # whose parent is not among them are roots.
    with closing(sqlite3.connect(f"{SAMPLE.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        shown = db.execute(
            "SELECT cid, coid, parent FROM typecho_comments WHERE status = 'approved' ORDER BY coid"
        ).fetchall()
    stack = {(cid, coid) for cid, coid, _ in shown}
    typechos = [coid for cid, coid, parent in shown if (cid, parent) not in stack]
    ours = [c.old_id for c in comments(sample).values() if c.parent is None]
    assert sorted(set(ours) & {coid for _, coid, _ in shown}) == typechos


def test_threads_are_as_typecho_has_them(sample: Import) -> None:
    thread = sample.threads[3]
    assert thread.url == "https://science.example/archives/11390"
    assert thread.title == "n个正态随机数的最大值的渐近估计"
    assert (thread.open, thread.page_size) == (True, 10)
    assert thread.created_at == 1568678400 * 1_000_000
    assert [thread.key for thread in sample.threads if not thread.open] == ["/archives/11428"]
    for thread in sample.threads:
        ids = [comment.old_id for comment in thread.comments]
        assert ids == sorted(ids)


def test_only_a_shown_comment_of_the_same_page_has_replies(sample: Import) -> None:
    found = comments(sample)
    assert found[17179].parent is None  # its parent, 999999, is gone
    assert found[17180].parent is None  # that of 7782
    assert found[17105].parent is None  # a waiting one
    assert found[17578].parent is None  # spam
    assert found[17077].parent is None  # spam below spam
    assert found[17116].parent == 17102  # a waiting reply to what is shown
    assert found[17184].parent == 17383  # older than what it answers
    for thread in sample.threads:
        here = {comment.old_id: comment for comment in thread.comments}
        for comment in thread.comments:
            assert comment.parent is None or here[comment.parent].status == "approved"


def test_odd_fields_of_the_sample_are_mended(sample: Import) -> None:
    found = comments(sample)
    empty = found[17181]
    assert (empty.name, empty.email, empty.website, empty.agent) == ("匿名", "", "", "")
    assert empty.body == "…"
    assert found[17182].body == "旧系统导入的[HTML](https://x.example)"
    assert found[17183].status == "pending"  # 'hold'
    assert found[17593].website == "http://例子.example/路径"
    assert found[17644].body.startswith("我的理解：Adam")  # a pingback
    assert found[17648].body == "If $a<b$ and $c>d$, then $a-c<b-d$ holds."
    assert found[17662].name == "<b>bold</b>"
    assert not any("javascript" in comment.website for comment in found.values())


def test_notes_count_what_was_mended(sample: Import) -> None:
    assert sorted(sample.notes) == [
        "Comments without a name are by 匿名: 1.",
        "Comments without a text have '…' for it: 1.",
        "Replies to a comment on another page became roots: 1.",
        "Replies to a comment that is gone became roots: 1.",
        "Replies to a comment that is not shown became roots: 10.",
        "Texts in HTML became Markdown: 1.",
        "Websites that are no address of a page were left out: 7.",
    ]


# --- Small databases ---


class Typecho:
    """A small database of one blog."""

    def __init__(self, path: Path, prefix: str = "typecho_") -> None:
        self.path, self.prefix = path, prefix
        self.db = sqlite3.connect(path)
        for table, columns in {
            "comments": "coid INTEGER PRIMARY KEY, cid, created, author, authorId, ownerId, mail,"
            " url, ip, agent, text, type, status, parent",
            "contents": 'cid INTEGER PRIMARY KEY, title, slug, created, text, "order", type,'
            " status, password, commentsNum, allowComment, parent",
            "options": 'name, "user", value',
            "metas": 'mid INTEGER PRIMARY KEY, name, slug, type, "order", parent',
            "relationships": "cid, mid",
        }.items():
            self.db.execute(f'CREATE TABLE "{prefix}{table}" ({columns})')
        self.option("siteUrl", "https://blog.example/")
        self.option("commentsPageSize", "20")

    def add(self, table: str, **row: object) -> None:
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
        table = f'"{self.prefix}{table}"'
        self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(row.values()))

    def option(self, name: str, value: object) -> None:
        self.add("options", name=name, user=0, value=value)

    def post(self, cid: int, **row: object) -> None:
        usual = {"title": "T", "slug": f"p{cid}", "created": 1_600_000_000, "type": "post"}
        self.add("contents", cid=cid, **(usual | {"status": "publish", "allowComment": "1"} | row))

    def comment(self, coid: int, cid: int = 1, **row: object) -> None:
        usual = {"created": 1_600_000_000 + coid, "author": "alice", "mail": "alice@blog.example"}
        usual |= {"text": f"text {coid}", "type": "comment", "status": "approved", "parent": 0}
        self.add("comments", coid=coid, cid=cid, **(usual | row))

    def read(self) -> Import:
        self.db.commit()
        return typecho.read(self.path)


@pytest.fixture
def blog(tmp_path: Path) -> Typecho:
    return Typecho(tmp_path / "博客 #1?.db")


def notes_of(found: Import, about: str) -> list[str]:
    return [note for note in found.notes if about in note]


@pytest.mark.parametrize("prefix", ["blog2_", "", 'my"blog '])
def test_tables_may_have_any_prefix(tmp_path: Path, prefix: str) -> None:
    blog = Typecho(tmp_path / "other.db", prefix)
    blog.post(1)
    blog.comment(1)
    (thread,) = blog.read().threads
    assert (thread.key, thread.page_size, len(thread.comments)) == ("/archives/1", 20, 1)


def test_routes_are_read_as_json(blog: Typecho) -> None:
    routes = {
        "post": {"url": "/[category]/[year:digital:4]/[month:digital:2]/[day:digital:2]/[slug]/"},
        "page": {"url": "/[slug].html"},
        "attachment": {"url": "/[mid]/[cid:digital]"},
    }
    blog.option("routingTable", json.dumps(routes))
    blog.option("timezone", "28800")
    blog.post(1, created=1_609_430_400, slug="数学 1", title="A &amp; B")  # 16:00 UTC: a new year
    blog.post(2, type="page", slug="about")
    blog.post(3, type="attachment")
    blog.add("metas", mid=1, slug="late", type="category", order=2)
    blog.add("metas", mid=2, slug="early", type="category", order=1)
    blog.add("metas", mid=3, slug="a-tag", type="tag", order=0)
    for mid in (1, 2, 3):
        blog.add("relationships", cid=1, mid=mid)
    for cid in (1, 2, 3):
        blog.comment(cid, cid)
    found = blog.read()
    assert [thread.key for thread in found.threads] == [
        "/early/2021/01/01/数学+1",
        "/about.html",
        "/archives/3",
    ]
    assert found.threads[0].title == "A & B"
    assert found.threads[1].url == "https://blog.example/about.html"
    assert notes_of(found, "address") == [
        "Pages whose address can't be told have /archives/ID as key: 1."
    ]


def test_routes_are_read_as_php_wrote_them(blog: Typecho) -> None:
    post, page = "/p/[cid:digital].html", "/[slug]/"
    blog.option(
        "routingTable",
        f'a:2:{{s:4:"post";a:3:{{s:3:"url";s:{len(post)}:"{post}";s:6:"widget";s:14:"Widget_Archive"'
        f';s:6:"action";s:6:"render";}}s:4:"page";a:2:{{s:6:"action";s:6:"render";s:3:"url";'
        f's:{len(page)}:"{page}";}}}}',
    )
    blog.post(1)
    blog.post(2, type="page", slug="about")
    blog.comment(1, 1)
    blog.comment(2, 2)
    assert [thread.key for thread in blog.read().threads] == ["/p/1.html", "/about"]


def test_a_blog_in_a_folder_has_it_in_its_keys(tmp_path: Path) -> None:
    blog = Typecho(tmp_path / "folder.db")
    blog.db.execute(
        "UPDATE typecho_options SET value = 'http://x.example/blog/' WHERE name = ?", ["siteUrl"]
    )
    blog.post(1)
    blog.comment(1)
    (thread,) = blog.read().threads
    assert thread.key == "/blog/archives/1"
    assert thread.url == "http://x.example/blog/archives/1"


def test_pages_of_one_address_stay_apart(blog: Typecho) -> None:
    blog.option("routingTable", json.dumps({"post": {"url": "/same"}}))
    blog.post(1)
    blog.post(2)
    blog.comment(1, 1)
    blog.comment(2, 2)
    assert [thread.key for thread in blog.read().threads] == ["/same", "/archives/2"]


def test_circles_are_cut_at_the_oldest(blog: Typecho) -> None:
    blog.post(1)
    blog.comment(1, parent=1)
    for coid, parent in {5: 3, 3: 4, 4: 5, 6: 4, 7: 6}.items():
        blog.comment(coid, parent=parent)
    found = blog.read()
    parents = {comment.old_id: comment.parent for comment in comments(found).values()}
    assert parents == {1: None, 3: None, 4: 5, 5: 3, 6: 4, 7: 6}
    assert notes_of(found, "Circles") == [
        "Circles of comments that answer each other were cut at the oldest: 2."
    ]


def test_a_long_chain_is_followed(blog: Typecho) -> None:
    blog.post(1)
    for coid in range(1, 20_001):
        blog.comment(coid, parent=coid - 1)
    last = blog.read().threads[0].comments[-1]
    assert (last.old_id, last.parent) == (20_000, 19_999)


@pytest.mark.parametrize(
    ("status", "ours", "noted"),
    [
        ("approved", "approved", False),
        ("waiting", "pending", False),
        ("hold", "pending", False),
        ("spam", "spam", False),
        ("trash", "pending", True),
        (None, "pending", True),
    ],
)
def test_statuses(blog: Typecho, status: str | None, ours: str, noted: bool) -> None:
    blog.post(1)
    blog.comment(1, status=status, type="trackback")
    found = blog.read()
    assert comments(found)[1].status == ours
    assert bool(notes_of(found, "unknown status")) == noted


@pytest.mark.parametrize(
    ("url", "website"),
    [
        (" https://x.example/?a=1&b=2 ", "https://x.example/?a=1&b=2"),
        ("example.org/x", "http://example.org/x"),
        ("HTTP://例子.example", "HTTP://例子.example"),
        ("javascript:alert(1)", ""),
        ("tel:123", ""),
        ("http://", ""),
        ("bob@example.org", ""),
        ("https://bank.example@evil.example/", ""),
        ('http://x.example/"onclick=', ""),
        ("https://x.example/" + "a" * 500, ""),
        (17, ""),
        (None, ""),
    ],
)
def test_websites(blog: Typecho, url: object, website: str) -> None:
    blog.post(1)
    blog.comment(1, url=url)
    found = blog.read()
    assert comments(found)[1].website == website
    assert bool(notes_of(found, "Websites")) == (website == "" and url is not None)


def test_fields_are_cleaned_and_fit(blog: Typecho) -> None:
    blog.option("lang", "en_US")
    blog.post(1, created=None)
    blog.comment(1, author="數" * 70, mail="no address", agent="a" * 600, created=None)
    blog.comment(2, author=" \u202e\x00 ", mail=f"{'a' * 250}@b.example", ip="::1", text=" \n\x00 ")
    blog.comment(3, author="a\x00b\nc", text="<!--markdown-->\n    x\x00\r\ny" + "z" * 20_000)
    found = blog.read()
    first, second, third = comments(found).values()
    assert (first.name, first.email, first.agent, first.created_at) == ("數" * 64, "", "a" * 500, 0)
    assert (second.name, second.email, second.address) == ("Anonymous", "", "::1")
    assert second.body == "…"
    assert (third.name, third.body) == ("ab c", "    x\ny" + "z" * 20_000)
    assert notes_of(found, "E-mail") == ["E-mail addresses that can't be any were left out: 2."]


def test_bytes_that_are_no_text_are_read(blog: Typecho) -> None:
    blog.post(1)
    blog.comment(1, text=b"caf\xe9 \xed\xa0\x80 $x$", author=b"Jos\xc3\xa9")
    blog.db.execute("INSERT INTO typecho_comments (coid, cid, status, text) VALUES "
                    "(2, 1, 'approved', CAST(x'ff24782400' AS TEXT))")  # fmt: skip
    first, second = comments(blog.read()).values()
    assert first.name == "José"
    assert (first.body[:4], first.body[-4:]) == ("caf\ufffd", " $x$")
    assert second.body == "\ufffd$x$"


def test_what_has_no_page_or_is_private_is_said(blog: Typecho) -> None:
    blog.post(1, status="private", allowComment="0")
    blog.post(2, password="secret", title=None)
    blog.comment(1, 1)
    blog.comment(2, 2)
    blog.comment(3, 99)
    found = blog.read()
    assert [(thread.open, thread.title) for thread in found.threads] == [(False, "T"), (True, "")]
    assert sorted(found.notes) == [
        "Comments on pages that are not in the database were left out: 1.",
        "Comments on private pages, open to all here if approved: 2.",
        "Pages whose address can't be told have /archives/ID as key: 2.",
    ]


def test_what_is_no_typecho_is_refused(tmp_path: Path) -> None:
    text, empty, wordpress = (tmp_path / name for name in ("a.txt", "empty.db", "wp.db"))
    text.write_text("This is no database, however long the text may be." * 40)
    empty.touch()
    with closing(sqlite3.connect(wordpress)) as db:
        db.execute("CREATE TABLE wp_comments (comment_ID INTEGER)")
        db.execute("CREATE TABLE wp_options (option_id INTEGER)")
    for path in (text, empty, wordpress, tmp_path / "missing.db", tmp_path):
        with pytest.raises(ImportImpossible, match=r"no Typecho database.*\.$"):
            typecho.read(path)


def test_a_table_without_its_columns_is_refused(blog: Typecho) -> None:
    blog.post(1)
    blog.comment(1)
    blog.db.execute("ALTER TABLE typecho_comments DROP COLUMN agent")
    with pytest.raises(ImportImpossible, match="no Typecho database"):
        blog.read()


def test_a_torn_file_is_refused(tmp_path: Path) -> None:
    torn = tmp_path / "torn.db"
    torn.write_bytes(SAMPLE.read_bytes()[:20_000])
    with pytest.raises(ImportImpossible):
        typecho.read(torn)


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    copy = Path(shutil.copy(SAMPLE, tmp_path / "copy.db"))
    copy.chmod(0o444)
    tmp_path.chmod(0o555)
    before = copy.read_bytes()
    typecho.read(copy)
    tmp_path.chmod(0o755)
    assert copy.read_bytes() == before
    assert list(tmp_path.iterdir()) == [copy]


# --- Texts in HTML ---


def body_of(blog: Typecho, text: str) -> str:
    blog.post(1)
    blog.comment(1, text=text)
    return comments(blog.read())[1].body


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("one<br>\ntwo<br/><br />three", "one\ntwo\n\nthree"),
        ("<p>a <b>bold </b>b<em>it</em> <del>x</del></p><P>c</P>", "a **bold** b*it* ~~x~~\n\nc"),
        ("<p>If $a<b$ or $a&lt;b$, 2*3*4</p>", "If $a<b$ or $a<b$, 2\\*3\\*4"),
        ("<p>- a</p>\n<p>1. b &lt;i&gt; &amp;lt; _c_</p>", "\\- a\n\n1\\. b \\<i> \\&lt; \\_c\\_"),
        ("<ul><li>a</li><li><p>$x<y$</p></li></ul><ol><li>c</li></ol><p>d</p>", None),
        ("<p>x</p><pre><code class='py'>if a &lt; *b:\n    c_d\n</code></pre>", None),
        ("<blockquote><p>a<br>b</p><p>c</p></blockquote><p>d</p>", "> a\n> b\n> \n> c\n\nd"),
        ("<p>do <code>a*b</code></p>", "do `a*b`"),
        ('<p><a href="https://e.org/(x)?a=1&amp;b">l</a></p>', "[l](https://e.org/%28x%29?a=1&b)"),
        ('<p><a href="https://e.org/a_b">https://e.org/a_b</a></p>', "https://e.org/a_b"),
        ('<p><a href="javascript:alert(1)" class="c">x</a> <a href="/y">y</a></p>', "x y"),
    ],
)
def test_simple_html_becomes_markdown(blog: Typecho, html: str, markdown: str | None) -> None:
    expected = markdown or {
        "<u": "- a\n- $x<y$\n\n1. c\n\nd",
        "<p": "x\n\n```\nif a < *b:\n    c_d\n```",
    }[html[:2]]  # fmt: skip
    assert body_of(blog, html) == expected


def test_html_shows_the_same_as_markdown(blog: Typecho) -> None:
    html = "<p>a <strong>b</strong> *c* d_e &lt;i&gt;</p><blockquote><p>f</p></blockquote>"
    shown = render(body_of(blog, html)).html.replace("\n", "")
    assert shown == html.replace("\n", "")


@pytest.mark.parametrize(
    "text",
    [
        "$x<y>z$",
        "x<y>z<w",
        "<p>$a<b>c$</p>",
        "<p>$a<br>b$</p>",
        "<p>not closed",
        "<p>a<p>b</p>",
        "<p>x</p> if a<b then",
        "<p>x</p><script>alert(1)</script>",
        "<p>T<sub>max</sub></p>",
        '<p title="a>b">x</p>',
        "<p>x<!-- y --></p>",
        "<li>x</li><br>",
        "<b>a<i>b</b></i><br>",
        "<b>no paragraph</b>",
        "```\n<br>\n```",
        "<div>块级 $x$</div>",
    ],
)
def test_text_in_doubt_stays_as_it_is(blog: Typecho, text: str) -> None:
    assert body_of(blog, text) == text


def test_markdown_with_html_in_it_stays_markdown(blog: Typecho) -> None:
    blog.option("commentsMarkdown", "1")
    assert body_of(blog, "**a**<br>- b<br>$a<b$") == "**a**\n- b\n$a<b$"


@pytest.mark.parametrize(
    "text",
    ["\\[" * 9_000, " " * 19_000 + "x", "<blockquote>" * 1_600, "<p" + " a" * 9_000, "$a" * 9_000],
)
def test_html_takes_no_longer_than_it_is(blog: Typecho, text: str) -> None:
    body_of(blog, "<br>" + text)  # a pattern that backtracks would hang here
