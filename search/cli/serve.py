"""`python -m search serve`."""

from __future__ import annotations

import argparse
import sys

from search.models import load_policy
from search.policies.base import PolicyError
from search.serving.app import ServingApp
from search.spec import EMBEDDED


def add_serve_arguments(parser: argparse.ArgumentParser) -> None:
    """What to serve, and where."""
    parser.add_argument("--policy", default=EMBEDDED, help="the policy: a slug or a model's folder")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on; there is no key to guard it")
    parser.add_argument("--port", type=int, default=8001)


def serve(options: argparse.Namespace) -> int:
    """Serve a policy as an OpenAI-compatible server until Ctrl-C."""
    import uvicorn

    try:
        policy = load_policy(options.policy)
    except PolicyError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{policy.name} at http://{options.host}:{options.port}/v1", file=sys.stderr)
    uvicorn.run(ServingApp(policy), host=options.host, port=options.port, lifespan="off", log_level="warning")
    if (close := getattr(policy, "close", None)) is not None:
        close()
    return 0
