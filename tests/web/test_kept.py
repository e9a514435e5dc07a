"""What was typed comes back byte for byte: to its author, to whoever quotes it, and to moderators."""

from __future__ import annotations

import random

import httpx2

from tests.conftest import House, token_for
from tests.web.test_pages import PAGE, fields

API = "/api/v1/sites/default"
PIECES = (
    r"$a<b$ $$\frac{1}{2}$$ \(x>y\) \[\begin{cases}a&b\\c\end{cases}\] $\text{若<b>&amp;}$ $`z`$ \eqref{eq:a_b}"
    r" 当$x<y$时 **注意：**后 `$c$` > - | * _ \$5 $\foo$ $\href{u}{v}$ <b> &lt; 👨‍👩‍👧 é 中文 (7)式 $ \\ # ~"
).split(" ")


def sources() -> list[str]:
    chosen = random.Random(7)
    pieces = [*PIECES, "\n", "\n\n", "  ", "\t"]
    made = ["a" + "".join(chosen.choices(pieces, k=chosen.randint(2, 30))) + "z" for _ in range(60)]
    return ["a\nz", *made]


async def test_a_source_comes_back_wherever_it_is_asked_for(
    house: House, client: httpx2.AsyncClient
) -> None:
    token = await token_for(house.service, "moderate")
    headers = {"Authorization": f"Bearer {token}"}
    for source in sources():
        alice = (await house.post(source)).comment
        queue = await client.get(f"/api/v1/moderation/queue?id={alice.id}", headers=headers)
        assert queue.json()["items"][0]["source"] == source
        quoted = fields((await client.get(f"{PAGE}&quote={alice.id}")).text)["body"]
        lines = quoted.split("\n")[: source.count("\n") + 1]
        assert "\n".join(line.removeprefix("> ") for line in lines) == source


async def test_an_edit_starts_from_the_source_and_keeps_the_new_one(
    house: House, client: httpx2.AsyncClient
) -> None:
    token = await token_for(house.service, "moderate")
    posted = await client.post(
        f"{API}/comments", json={"thread": "/post", "name": "alice", "body": "first"}
    )
    alice, receipt = posted.json()["comment"], posted.json()["receipt"]
    for source in sources()[:12]:
        address = f"{API}/comments/{alice['id']}"
        headers = {"Authorization": f"Receipt {receipt}"}
        edited = await client.patch(address, json={"body": source}, headers=headers)
        assert edited.status_code == 200
        preview = await client.post(f"{API}/preview", json={"body": source})
        assert edited.json()["comment"]["html"] == preview.json()["html"]
        queue = await client.get(
            f"/api/v1/moderation/queue?id={alice['id']}",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert queue.json()["items"][0]["source"] == source
