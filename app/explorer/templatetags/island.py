"""The islands, on Django's side: `{% island "name" props %}` leaves a placeholder, `{% frontend "name" %}` the script.

Vite writes hashed names; its manifest says which file is which. Props travel as `json_script`, so that model output in
them stays text. An island's own chunks are announced in the head by `{% frontend "name" %}`, so they load with the page
and not after it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict, cast

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString

register = template.Library()

ENTRY = "src/main.ts"


class Chunk(TypedDict, total=False):
    """One entry of Vite's manifest."""

    file: str
    css: list[str]
    imports: list[str]


def source_of(island: str) -> str:
    """The Svelte file of an island, as src/main.ts resolves its name."""
    return "src/explorer/Explorer.svelte" if island == "explorer" else f"src/pages/{island}/Page.svelte"


@lru_cache(maxsize=4)
def _manifest(path: Path, modified_ns: int) -> dict[str, Chunk]:
    return cast("dict[str, Chunk]", json.loads(path.read_text(encoding="utf-8")))


def manifest() -> dict[str, Chunk]:
    """Vite's manifest, read again after a build. Raises ImproperlyConfigured where nothing was built yet."""
    path = Path(settings.VITE_MANIFEST)
    try:
        return _manifest(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise ImproperlyConfigured(
            "The frontend is not built: run `make frontend` (or `npm ci && npm run build` in frontend/)."
        ) from None


def _closure(chunks: dict[str, Chunk], source: str) -> list[str]:
    """The source and everything it imports statically, in the order met."""
    met: list[str] = []
    waiting = [source]
    while waiting:
        name = waiting.pop(0)
        if name in met or name not in chunks:
            continue
        met.append(name)
        waiting.extend(chunks[name].get("imports", []))
    return met


@register.simple_tag
def frontend(*islands: str) -> SafeString:
    """Link and script elements of the page's entry and of the named islands, for the head of the page."""
    chunks = manifest()
    names = _closure(chunks, ENTRY)
    for island_name in islands:
        names += [name for name in _closure(chunks, source_of(island_name)) if name not in names]
    styles = list(dict.fromkeys(file for name in names for file in chunks[name].get("css", [])))
    preloads = [chunks[name]["file"] for name in names if name != ENTRY]
    return format_html(
        "{}{}{}",
        format_html_join("\n", '<link rel="stylesheet" href="{}">', ((static(file),) for file in styles)),
        format_html_join("\n", '<link rel="modulepreload" href="{}">', ((static(file),) for file in preloads)),
        format_html('<script type="module" src="{}"></script>', static(chunks[ENTRY]["file"])),
    )


@register.simple_tag
def island(name: str, props: dict[str, Any] | None = None) -> SafeString:
    """The placeholder of one island and its props."""
    if source_of(name) not in manifest():
        raise template.TemplateSyntaxError(f'No island is called "{name}": {source_of(name)} was not built.')
    element_id = f"{name}-props"
    return format_html(
        '<div class="island" data-island="{}" data-props="{}"></div>{}',
        name,
        element_id,
        json_script(props or {}, element_id),
    )
