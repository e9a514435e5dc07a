"""Typecho's databases: the one of the demo, figure by figure, and small ones with other dirt."""

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from comments_service.core.imported import Import, ImportedThread
from comments_service.core.text import render
from comments_service.errors import ImportImpossible
from comments_service.importers import typecho
from tests.importers import Typecho, comments

SAMPLE = Path(typecho.__file__).parents[1] / "demo" / "typecho.sqlite"


@pytest.fixture(scope="module")
def sample() -> Import:
    return typecho.read(SAMPLE)


@pytest.fixture
def blog(tmp_path: Path) -> Typecho:
    blog = Typecho(tmp_path / "博客 #1?.db")
    blog.post(1)
    return blog


def test_every_comment_of_the_sample_is_read(sample: Import) -> None:
    def figures(thread: ImportedThread) -> tuple[int, int, int, int]:
        by = Counter(comment.status for comment in thread.comments)
        roots = sum(c.parent is None and c.status == "approved" for c in thread.comments)
        return by["approved"], by["pending"], by["spam"], roots

    # The counter of 11390 says 2147483647; post 1234 has no comments.
    assert {thread.key: figures(thread) for thread in sample.threads} == {
        "/archives/7610": (1, 0, 0, 1),
        "/archives/7782": (22, 0, 0, 22),
        "/archives/7787": (5, 0, 0, 4),
        "/archives/11390": (122, 4, 4, 74),
        "/archives/11416": (12, 0, 0, 6),
        "/archives/11428": (34, 2, 1, 25),
        "/archives/11530": (65, 4, 2, 37),
    }
    assert (sample.source, len(comments(sample))) == ("typecho", 278)


def test_roots_of_the_sample_are_those_that_typecho_shows(sample: Import) -> None:
    # As in Typecho's var/Widget/Comments/Archive.php: of the approved comments of a page, those
    # whose parent is not among them.
    with closing(sqlite3.connect(f"{SAMPLE.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        shown = db.execute(
            "SELECT cid, coid, parent FROM typecho_comments WHERE status = 'approved' ORDER BY coid"
        ).fetchall()
    stack = {(cid, coid) for cid, coid, _ in shown}
    roots = [c.old_id for c in comments(sample).values() if c.parent is None]
    theirs = [coid for cid, coid, parent in shown if (cid, parent) not in stack]
    assert sorted({coid for _, coid, _ in shown}.intersection(roots)) == theirs


def test_threads_of_the_sample(sample: Import) -> None:
    thread = sample.threads[3]
    assert thread.url == "https://science.example/archives/11390"
    assert thread.title == "n个正态随机数的最大值的渐近估计"
    assert (thread.page_size, thread.created_at) == (10, 1568678400 * 1_000_000)
    assert [thread.key for thread in sample.threads if not thread.open] == ["/archives/11428"]
    numbers = [[comment.old_id for comment in thread.comments] for thread in sample.threads]
    assert numbers == [sorted(ids) for ids in numbers]


def test_replies_of_the_sample(sample: Import) -> None:
    found = comments(sample)
    assert found[17179].parent is None  # its parent, 999999, is gone
    assert found[17180].parent is None  # that of 7782
    assert found[17105].parent is None  # a waiting one
    assert found[17578].parent is None  # spam
    assert found[17077].parent is None  # spam below spam
    assert found[17116].parent == 17102  # a waiting reply to what is shown
    assert found[17184].parent == 17383  # older than what it answers


def test_odd_fields_of_the_sample(sample: Import) -> None:
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
    assert sorted(sample.notes) == [
        "Comments without a name are by 匿名: 1.",
        "Comments without a text have '…' for it: 1.",
        "Replies to a comment on another page became roots: 1.",
        "Replies to a comment that is gone became roots: 1.",
        "Replies to a comment that is not shown became roots: 10.",
        "Texts in HTML became Markdown: 1.",
        "Websites that are no address of a page were left out: 7.",
    ]


@pytest.mark.parametrize(
    ("prefix", "site", "folder"),
    [("b2_", "http://e.org", ""), ("", "http://e.org/b/", "/b"), ("my-blog ", "", "")],
)
def test_prefix_and_site(tmp_path: Path, prefix: str, site: str, folder: str) -> None:
    blog = Typecho(tmp_path / "other.db", prefix, site)
    blog.option("commentsPageSize", "20")
    blog.post(1)
    blog.comment(1)
    (thread,) = blog.read().threads
    assert (thread.key, thread.page_size) == (f"{folder}/archives/1", 20)
    assert thread.url == (f"http://e.org{thread.key}" if site else "")


def test_routes_are_read_as_json(blog: Typecho) -> None:
    post = "/[category]/[year:digital:4]/[month:digital:2]/[day:digital:2]/[slug]/"
    urls = {"post": post, "page": "/[slug].html", "attachment": "/[mid]/[cid:digital]"}
    blog.option("routingTable", json.dumps({kind: {"url": url} for kind, url in urls.items()}))
    blog.option("timezone", "28800")
    blog.post(2, created=1_609_430_400, slug="数学 1", title="A &amp; B")  # 16:00 UTC: a new year
    blog.post(3, type="page", slug="about")
    blog.post(4, type="attachment")
    for mid, slug, kind in (1, "late", "category"), (2, "early", "category"), (3, "x", "tag"):
        blog.add("metas", mid=mid, slug=slug, type=kind, order=3 - mid)
        blog.add("relationships", cid=2, mid=mid)
    for cid in (2, 3, 4):
        blog.comment(cid, cid)
    found = blog.read()
    keys = [thread.key for thread in found.threads]
    assert keys == ["/early/2021/01/01/数学+1", "/about.html", "/archives/4"]
    assert [thread.title for thread in found.threads] == ["A & B", "T", "T"]
    assert found.threads[1].url == "https://e.org/about.html"
    assert found.notes == ["Pages whose address can't be told have /archives/ID as key: 1."]


def test_routes_of_php_and_pages_of_one_address(blog: Typecho) -> None:
    table = (
        'a:2:{s:4:"post";a:2:{s:3:"url";s:21:"/p/[cid:digital].html";s:6:"widget";s:1:"W";}'
        's:4:"page";a:2:{s:6:"action";s:6:"render";s:3:"url";s:8:"/[slug]/";}}'
    )
    blog.option("routingTable", table)
    blog.post(2, type="page", slug="about")
    blog.comment(1, 1)
    blog.comment(2, 2)
    assert [thread.key for thread in blog.read().threads] == ["/p/1.html", "/about"]
    blog.option("routingTable", '{"post": {"url": "/same"}, "page": {"url": "/same/"}}')
    assert [thread.key for thread in blog.read().threads] == ["/same", "/archives/2"]


def test_circles_are_cut_at_the_oldest(blog: Typecho) -> None:
    for coid, parent in {1: 1, 5: 3, 3: 4, 4: 5, 6: 4, 7: 6}.items():
        blog.comment(coid, parent=parent)
    found = blog.read()
    parents = {comment.old_id: comment.parent for comment in comments(found).values()}
    assert parents == {1: None, 3: None, 4: 5, 5: 3, 6: 4, 7: 6}
    assert found.notes == ["Circles of comments that answer each other were cut at the oldest: 2."]


def test_a_long_chain_is_followed(blog: Typecho) -> None:
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
    blog.run(
        f"""{numbers} INSERT INTO typecho_comments (coid, cid, parent, status)
            SELECT i, 1, i - 1, 'approved' FROM n"""
    )
    last = blog.read().threads[0].comments[-1]
    assert (last.old_id, last.parent) == (20_000, 19_999)


def test_statuses(blog: Typecho) -> None:
    old = ["approved", "waiting", "hold", "spam", "trash", None]
    for coid, status in enumerate(old, 1):
        blog.comment(coid, status=status, type="trackback")
    found = blog.read()
    ours = [comment.status for comment in found.threads[0].comments]
    assert ours == ["approved", "pending", "pending", "spam", "pending", "pending"]
    assert found.notes == ["Comments of an unknown status wait for a moderator: 2."]


def test_websites(blog: Typecho) -> None:
    kept = {
        " https://x.example/?a=1&b=2 ": "https://x.example/?a=1&b=2",
        "example.org/x": "http://example.org/x",
        "HTTP://例子.example": "HTTP://例子.example",
        None: "",
    }
    bad = ["javascript:alert(1)", "tel:123", "http://", "bob@example.org", "http://a@b.example/"]
    bad += ['http://x.example/"onclick=', "https://x.example/" + "a" * 500, 17]
    for coid, url in enumerate([*kept, *bad], 1):
        blog.comment(coid, url=url)
    found = blog.read()
    websites = [comment.website for comment in found.threads[0].comments]
    assert websites == [*kept.values(), *("" for _ in bad)]
    assert found.notes == [f"Websites that are no address of a page were left out: {len(bad)}."]


def test_fields_are_cleaned_and_fit(blog: Typecho) -> None:
    blog.option("lang", "en_US")
    blog.comment(1, author="數" * 70, mail="no address", agent="a" * 600, created=None)
    blog.comment(2, author=" \u202e\x00 ", mail=f"{'a' * 250}@b.example", ip="::1", text=" \n\x00 ")
    blog.comment(3, author="a\x00b\nc", text="<!--markdown-->\n    x\x00\r\ny" + "z" * 20_000)
    found = blog.read()
    first, second, third = found.threads[0].comments
    assert (first.name, first.email, first.agent) == ("數" * 64, "", "a" * 500)
    assert first.created_at == 1_600_000_000 * 1_000_000  # its page's
    assert (second.name, second.email, second.address) == ("Anonymous", "", "::1")
    assert second.body == "…"
    assert (third.name, third.body) == ("ab c", "    x\ny" + "z" * 20_000)
    assert "E-mail addresses that can't be any were left out: 2." in found.notes


def test_bytes_that_are_no_text_are_read(blog: Typecho) -> None:
    blog.comment(1, text=b"caf\xe9 \xed\xa0\x80 $x$", author=b"Jos\xc3\xa9")
    blog.comment(2)
    blog.run("UPDATE typecho_comments SET text = CAST(x'ff24780024' AS TEXT) WHERE coid = 2")
    first, second = blog.read().threads[0].comments
    assert (first.name, first.body[:4], first.body[-4:]) == ("José", "caf\ufffd", " $x$")
    assert second.body == "\ufffd$x$"


def test_what_has_no_page_or_is_private_is_said(blog: Typecho) -> None:
    blog.post(2, status="private", allowComment="0")
    blog.post(3, password="secret", title=None)
    for cid in (2, 3, 99):
        blog.comment(cid, cid)
    found = blog.read()
    assert [(thread.open, thread.title) for thread in found.threads] == [(False, "T"), (True, "")]
    assert "Comments on pages that are not in the database were left out: 1." in found.notes
    assert "Comments on private pages, open to all here if approved: 2." in found.notes


def test_what_is_no_typecho_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("This is no database, however long the text may be." * 40)
    (tmp_path / "empty").touch()
    (tmp_path / "torn").write_bytes(SAMPLE.read_bytes()[:20_000])
    Typecho(tmp_path / "posts").run("DROP TABLE typecho_contents")
    columns = Typecho(tmp_path / "columns")
    columns.post(1)
    columns.comment(1)
    columns.run("ALTER TABLE typecho_comments DROP COLUMN agent")
    for path in (*tmp_path.iterdir(), tmp_path / "missing", tmp_path):
        with pytest.raises(ImportImpossible, match=r"no Typecho database.*\.$"):
            typecho.read(path)


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    copy = Path(shutil.copy(SAMPLE, tmp_path / "copy.db"))
    before = copy.stat()
    typecho.read(copy)
    assert (copy.stat().st_mtime_ns, [*tmp_path.iterdir()]) == (before.st_mtime_ns, [copy])


MARKDOWN = {
    "one<br>\ntwo<br/><br />three": "one\ntwo\n\nthree",
    "<p><b>bold </b>b<em>it</em> <code>a*</code></p><P>c</P>": "**bold** b*it* `a*`\n\nc",
    "<p>If $a<b$ or $a&lt;b$, 2*3*4</p>": "If $a<b$ or $a<b$, 2\\*3\\*4",
    "<p>- a</p>\n<p>1. b &lt;i&gt; &amp;lt; _c_</p>": "\\- a\n\n1\\. b \\<i> \\&lt; \\_c\\_",
    "<ul><li>a</li><li><p>$x<y$</p></li></ul><p>d</p>": "- a\n- $x<y$\n\nd",
    "<ol><li>a<ul><li>b</li></ul></li></ol><br>": "1. a\n   \n   - b",
    "<p>x</p><pre><code class='c'>a &lt; *b\n  c_d\n</code></pre>": "x\n\n```\na < *b\n  c_d\n```",
    "<blockquote><p>a<br>b</p><p>c</p></blockquote><p>d</p>": "> a\n> b\n> \n> c\n\nd",
    '<p><a href="https://e.org/(x)?a&amp;b">l</a></p>': "[l](https://e.org/%28x%29?a&b)",
    '<p><a href="https://e.org/a_b">https://e.org/a_b</a></p>': "https://e.org/a_b",
    '<p><a href="javascript:alert(1)" id="c">x</a> <a href="/y">y</a></p>': "x y",
}
DOUBTFUL = ["$x<y>z$", "x<y>z<w<br>", "<p>$a<b>c$</p>", "<p>$a<br>b$</p>", "<p>a", "<p>a<p>b</p>"]
DOUBTFUL += ["<p>x</p> if a<b then", "<p>x</p><script>alert(1)</script>", "<p>T<sub>max</sub></p>"]
DOUBTFUL += ['<p title="a>b">x</p>', "<p>x<!-- y --></p>", "<li>x</li><br>", "<b>a<i>b</b></i><br>"]
DOUBTFUL += ["<b>no paragraph</b>", "```\n<br>\n```", "<div>块级 $x$</div>", "<b><p>a</p>b</b><br>"]
MARKDOWN |= {text: text for text in DOUBTFUL}


@pytest.mark.parametrize(("html", "markdown"), MARKDOWN.items())
def test_simple_html_becomes_markdown_and_no_other(blog: Typecho, html: str, markdown: str) -> None:
    blog.comment(1, text=html)
    assert blog.read().threads[0].comments[0].body == markdown


def test_html_shows_the_same_and_markdown_around_it_stays(blog: Typecho) -> None:
    html = "<p>a <strong>b</strong> *c* d_e &lt;i&gt;</p><blockquote><p>f</p></blockquote>"
    blog.comment(1, text=html)
    assert render(blog.read().threads[0].comments[0].body).html.replace("\n", "") == html
    blog.option("commentsMarkdown", "1")
    blog.comment(2, text="**a**<br>- b<br>$a<b$")
    assert blog.read().threads[0].comments[1].body == "**a**\n- b\n$a<b$"


def test_html_is_read_in_no_time(blog: Typecho) -> None:
    # A pattern that backtracks would stand still here.
    ends = ["\\[" * 9_000, " " * 19_000 + "x", "<b>" * 6_000, "<p" + " a" * 9_000, "$a" * 9_000]
    for coid, end in enumerate(ends, 1):
        blog.comment(coid, text="<br>" + end)
    assert len(blog.read().threads[0].comments) == len(ends)
