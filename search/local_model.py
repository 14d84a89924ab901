"""What a policy and a reward that run in this process have in common: an engine thread, and where they come from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
import transformers

from search.batching import EngineThread
from search.occupancy import Occupancy
from search.tokenization import Tokenization

transformers.utils.logging.disable_progress_bar()  # a worker's log is no terminal

DTYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

Request = TypeVar("Request")
Result = TypeVar("Result")


class LocalModel(Generic[Request, Result]):
    """A model of this process behind its engine thread."""

    def __init__(self, slug: str, thread: EngineThread[Request, Result], provenance: dict[str, Any]) -> None:
        """`provenance` is `provenance_of` the model's folder."""
        self._slug = slug
        self._thread = thread
        self._provenance = provenance

    @property
    def name(self) -> str:
        """The slug."""
        return self._slug

    @property
    def occupancy(self) -> Occupancy:
        """Counters of the engine behind this model, all runs together."""
        return self._thread.engine.occupancy

    def close(self) -> None:
        """Stop the engine's thread."""
        self._thread.close()


def provenance_of(folder: Path, model: Any, tokenization: Tokenization, dtype: str, lean: bool) -> dict[str, Any]:
    """What a run's header keeps of any local model, JSON-ready; `lean` is the project's own forward pass."""
    return {
        "engine": "transformers",
        "architecture": type(model).__name__,
        "weights_sha256": weights_sha256(folder),
        "tokenizer_sha256": tokenization.sha256,
        "dtype": dtype,
        "rerun_exact": lean and dtype == "float64",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
    }


def weights_sha256(folder: Path) -> str:
    """One hash over a folder's weight files, by name."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("pytorch_model*.bin")]):
        digest.update(path.name.encode())
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    return digest.hexdigest()
