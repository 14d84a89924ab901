"""What every selection rule makes of a run's finished paths."""

from __future__ import annotations

from typing import Any

from app.config.problems import Invalid
from app.explorer.models import Run
from app.explorer.selectors.events import journal_events
from app.explorer.selectors.kept import keep, kept
from search.comparison import compare
from search.reducer import fold
from search.selection import RULES, Settings


def selections_of(run: Run, rules: str | None, settings: Settings) -> dict[str, Any]:
    """The comparison of the rules with commas between them (all, if None) as of the run's last event.

    Raises:
        Invalid: a rule is unknown.
    """
    names = list(RULES) if rules is None else [name.strip() for name in rules.split(",")]
    for name in names:
        if name not in RULES:
            raise Invalid.field("rules", f"there is no selection rule {name!r}", f"one of {', '.join(RULES)}")
    asked = f"{settings.aggregation}:{settings.power}:{settings.first}"
    key = f"espalier:selections:{run.pk}:{run.head_seq}:{asked}"
    whole = kept(key)
    if whole is None:
        compared = compare(fold(journal_events(run.pk, run.head_seq)), None, settings)
        whole = {**compared.as_dict(), "as_of_seq": run.head_seq}
        keep(key, whole)
    verdicts = {verdict["rule"]: verdict for verdict in whole["verdicts"]}
    return {**whole, "verdicts": [verdicts[name] for name in names]}
