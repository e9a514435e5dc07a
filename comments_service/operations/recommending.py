"""The rules that most sites want, for owners who do not wish to think of them."""

from __future__ import annotations

from comments_service.operations.regulating import Given


def rules(site_id: int) -> list[Given]:
    """Return rules that let people be and make programs wait, in the order in which they are best asked."""
    return [
        Given("trap", {}, "spam", site_id=site_id),
        Given("fast", {"seconds": 2}, "hold", site_id=site_id),
        Given("names", {"moderators": True}, "hold", site_id=site_id),
        Given("links", {"most": 4}, "hold", site_id=site_id),
        Given("often", {"most": 10, "minutes": 10}, "hold", site_id=site_id),
        Given("alike", {"distance": 4}, "hold", site_id=site_id),
    ]
