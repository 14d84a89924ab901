"""`{% theme_attribute %}`: the theme a person chose, so that the first paint is already in it."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

COOKIE = "espalier_theme"  # written by frontend/src/design/theme.ts


@register.simple_tag(takes_context=True)
def theme_attribute(context: Context) -> SafeString | str:
    """` data-theme="dark"`, or nothing where the system decides."""
    request = context.get("request")
    chosen = request.COOKIES.get(COOKIE) if request is not None else None
    return format_html(' data-theme="{}"', chosen) if chosen in ("light", "dark") else ""
