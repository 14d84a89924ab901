"""What a page shows and when, told from the pixels of its canvases: its first picture, and the frames of a movement."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Page

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect

MOVES = 120
LEAST_DRAWN = 60  # pixels of the thumbnail that differ from its ground: a picture of some size
# Looks at the canvases after every frame, laid on each other and shrunk to a thumbnail: when they first hold a picture,
# and when that changes. What WebGL has drawn is kept for that look.
WATCH = """
const open = HTMLCanvasElement.prototype.getContext
HTMLCanvasElement.prototype.getContext = function (kind, options) {
  return open.call(this, kind, /webgl/.test(kind) ? { ...options, preserveDrawingBuffer: true } : options)
}
window.frames_seen = []
addEventListener('DOMContentLoaded', () => {
  const small = Object.assign(document.createElement('canvas'), { width: 96, height: 60 })
  const context = open.call(small, '2d', { willReadFrequently: true })
  let last = ''
  function look(now) {
    requestAnimationFrame(look)
    const trees = document.querySelectorAll('[data-testid=tree], #stage canvas')
    context.fillStyle = '#fff'
    if (trees.length > 1) context.fillRect(0, 0, 96, 60)
    let any = false
    for (const tree of trees) {
      if (!tree.width || !tree.height) continue
      context.drawImage(tree, 0, 0, 96, 60)
      any = true
    }
    if (!any) return
    const { data } = context.getImageData(0, 0, 96, 60)
    let drawn = 0, print = 0
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] !== data[0] || data[i + 1] !== data[1] || data[i + 2] !== data[2]) drawn += 1
      print = (print * 31 + data[i] + 7 * data[i + 1] + 13 * data[i + 2]) >>> 0
    }
    window.frames_seen.push([performance.now(), drawn, print !== last])
    last = print
  }
  requestAnimationFrame(look)
})
"""


def first_paint(page: Page, address: str, seconds: float) -> float | None:
    """Milliseconds from the navigation to the first frame with a picture of some size; None if none comes in time."""
    page.goto(address, wait_until="commit")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen: list[Any] = page.evaluate(f"(window.frames_seen ?? []).filter(([, drawn]) => drawn > {LEAST_DRAWN})[0]")
        if seen:
            return float(seen[0])
        page.wait_for_timeout(100)
    return None


def frames_while(page: Page, move: Callable[[], None]) -> list[float]:
    """Milliseconds between the frames on which the picture changed."""
    page.evaluate("window.frames_seen.length = 0")
    move()
    page.wait_for_timeout(300)
    at = [float(now) for now, _, changed in page.evaluate("window.frames_seen") if changed]
    return [later - earlier for earlier, later in pairwise(at)]


def pan(page: Page, box: FloatRect, seconds: float = 60) -> None:
    """Drag to and fro, never the same way twice; no longer than `seconds`."""
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    end = time.monotonic() + seconds
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(x + 120 * (step % 40 < 20) + 3 * (step % 20), y + 4 * (step % 20))
        if time.monotonic() > end:
            break
    page.mouse.up()


def zoom(page: Page, box: FloatRect, seconds: float = 60) -> None:
    """Turn the wheel, closer and back again; no longer than `seconds`."""
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    end = time.monotonic() + seconds
    for step in range(MOVES):
        page.mouse.wheel(0, -60 if step < MOVES // 2 else 60)
        if time.monotonic() > end:
            break
