"""The template tags that put islands into pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string


def render(source: str, **context: Any) -> str:
    return Template("{% load island %}" + source).render(Context(context))


def test_props_cannot_end_their_script() -> None:
    page = render('{% island "sessions" props %}', props={"title": "</script><b>&"})
    assert "</script><b>" not in page
    assert "\\u003C/script\\u003E\\u003Cb\\u003E\\u0026" in page


def test_an_island_that_was_not_built_is_named() -> None:
    with pytest.raises(TemplateSyntaxError, match=r"src/pages/nowhere/Page\.svelte was not built"):
        render('{% island "nowhere" %}')


def test_a_missing_build_says_what_to_do(settings: Any, tmp_path: Path) -> None:
    settings.VITE_MANIFEST = tmp_path / "absent.json"
    with pytest.raises(ImproperlyConfigured, match="npm run build"):
        render("{% frontend %}")


def test_a_new_build_is_noticed(manifest: Path) -> None:
    assert "main-1.js" in render("{% frontend %}")
    manifest.write_text(manifest.read_text().replace("main-1.js", "main-22.js"))
    assert "main-22.js" in render("{% frontend %}")


@pytest.mark.parametrize("status", ["403", "403_csrf", "404", "500"])
def test_error_pages_need_neither_request_nor_database(status: str) -> None:
    page = render_to_string(f"{status}.html")
    assert 'href="/"' in page
    assert "Log out" not in page
