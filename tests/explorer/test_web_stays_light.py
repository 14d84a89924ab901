"""The web process serves pages and never loads a model library."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from app.config.asgi import application
from django.urls import get_resolver
get_resolver().url_patterns            # every view is imported
from app.explorer.strategies import strategies_listed
from app.registry.selectors import models_listed
assert strategies_listed()
import search.figures, search.spec, search.models, search.tokenization
print(",".join(sorted({"torch", "transformers", "vllm", "tensorflow"} & set(sys.modules))))
"""


def test_no_model_library_in_the_web_process() -> None:
    """A fresh interpreter: this one may have loaded anything."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
