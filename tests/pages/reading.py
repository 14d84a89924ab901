"""What a page holds for its island."""

from __future__ import annotations

import html
import json
import re
from typing import Any


def props_of(response: Any, island: str) -> dict[str, Any]:
    """The island's props, read as main.ts reads them."""
    page = response.content.decode()
    assert f'data-island="{island}"' in page
    element = re.search(r'data-props="([^"]+)"', page)
    assert element
    script = re.search(rf'<script id="{re.escape(element[1])}" type="application/json">(.*?)</script>', page, re.S)
    assert script
    props: dict[str, Any] = json.loads(script[1])
    return props


def text_of(response: Any) -> str:
    """The words of a page, without tags."""
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split()))
