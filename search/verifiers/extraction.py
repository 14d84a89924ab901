r"""Finding the final answer in free text: `\boxed{…}`, `answer: …`, "the answer is …", `#### …`, else the last line."""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST_TEXT = 20_000
"""Characters, from the end, that are searched for an answer."""

_PHRASES = re.compile(r"(?:####\s*|\banswer\s*(?::|=|\bis\b)\s*:?\s*)(?P<answer>[^\n]+)", re.IGNORECASE)


def boxed(text: str) -> str | None:
    r"""The contents of the last `\boxed{…}`, braces matched; None without one that is closed."""
    start = max(text.rfind(r"\boxed{"), text.rfind(r"\fbox{"))
    if start < 0:
        return None
    begin = text.index("{", start) + 1
    depth = 1
    for i in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[i], 0)
        if depth == 0:
            return text[begin:i].strip()
    return None


def final_answer(steps: Sequence[str]) -> str | None:
    """The answer as written, without the sentence around it; None if the steps hold no text."""
    text = "\n".join(steps)[-LONGEST_TEXT:]
    found = boxed(text)
    if found is not None:
        return found or None
    phrases = list(_PHRASES.finditer(text))
    last = phrases[-1]["answer"] if phrases else next((s for s in reversed(text.splitlines()) if s.strip()), "")
    answer = last.strip(" \t.$*`")
    return answer or None
