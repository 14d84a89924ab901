"""The REST API under `/api/v1/`: the routers of the apps, put together."""

from __future__ import annotations

from app.annotation.agreement.api import router as agreement
from app.annotation.api import router as annotation
from app.annotation.automatic.api import router as automatic
from app.annotation.cuts.api import router as cuts
from app.annotation.preferences.api import router as preferences
from app.annotation.queues.api import router as queues
from app.annotation.review.api import router as reviews
from app.annotation.training.api import router as training
from app.config.health import router as health
from app.config.problem_api import ProblemAPI
from app.experiments.api import router as experiments
from app.explorer.api import router as explorer
from app.registry.adding_api import router as registry
from app.teams.api import router as teams
from app.teams.authentication import Bearer, PageCookie

DESCRIPTION = """Everything the pages do, a script can do.

Send `Authorization: Bearer <token>`. Lists answer `{items, next}`; give `next` back as `cursor` (or `after`, where
the list is numbered) for the following page. Errors are RFC 9457 problem details that name the field and the mend."""


def build_api() -> ProblemAPI:
    """One API for the whole application; every app brings its router. Nothing but health is open to strangers."""
    api = ProblemAPI(
        title="Espalier",
        version="1",
        description=DESCRIPTION,
        urls_namespace="api-v1",
        docs_url=None,  # the usual viewers load scripts from another host, which our policy forbids
        auth=[Bearer(), PageCookie()],
    )
    for router in (
        health, explorer, experiments, annotation, preferences, cuts, reviews, queues, agreement, automatic, training,
        registry, teams,
    ):  # fmt: skip
        api.add_router("", router)
    return api


api = build_api()
