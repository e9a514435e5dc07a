"""Where links that visitors write may lead."""

import re

LINK_RELATION = "nofollow ugc noopener"

# No name and password before a host: `https://bank.example@evil.example/` is there to mislead.
ADDRESS = re.compile(
    r"""https?://(?:\[[0-9a-f:.]+\]|[^\s/?\#@\\<>"'`:\[\]]+)(?::[0-9]{1,5})?(?:[/?\#][^\s\\<>"`]*)?
    | mailto:[^\s/?\#@\\<>"'`:&]+@[\w.-]+""",
    re.IGNORECASE | re.VERBOSE,
)


def is_address(url: str) -> bool:
    """Tell whether a link may lead to this normalised address."""
    return ADDRESS.fullmatch(url) is not None
