"""Rendering without drawing, for tests of what is around formulas."""

from __future__ import annotations

from comments_service.core.drawing import Undrawable
from comments_service.core.rendered import Rendered
from comments_service.core.text import render


def undrawn(source: str) -> Rendered:
    """Render a text whose formulas all stay their source."""

    def refuse(_tex: str, _display: bool) -> str:
        raise Undrawable("formula_unclear")

    return render(source, refuse)
