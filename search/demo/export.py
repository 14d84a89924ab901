"""Packing trained weights as Hugging Face folders: float16 safetensors, config, tokenizer, model card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from search.demo.checkpoint import WEIGHTS, load_checkpoint
from search.demo.parts import Part
from search.demo.policy import averaged_policy
from search.demo.tokenizer import build_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LARGEST_FOLDER = 12 * 2**20
"""Bytes a weights folder may take in the repository."""


def load_policy(parts: list[Part]) -> PreTrainedModel:
    """The policy with the averaged weights of its last part, in float32; `step` counts the steps of all parts."""
    states = [load_checkpoint(part.checkpoint) for part in parts]
    if (state := states[-1]) is None:
        raise FileNotFoundError("There is no policy checkpoint: run `python -m search.demo policy` first.")
    model = averaged_policy(state["average"], parts[-1].size)
    steps = sum(s["progress"]["step"] for s in states if s is not None)
    model.config.update({"training": {"step": steps, "tokens": state["progress"]["tokens"]}})
    return model


def load_process_reward() -> PreTrainedModel:
    """The process reward model with the averaged weights of its last checkpoint, in float32."""
    from search.demo.process_reward import process_reward_model

    state = load_checkpoint("process_reward")
    if state is None:
        raise FileNotFoundError("There is no checkpoint: run `python -m search.demo process_reward` first.")
    model = process_reward_model()
    model.load_state_dict(state["average"], strict=False)
    model.config.update({"training": state["progress"]})
    return model.eval()


def export(name: str, model: PreTrainedModel, **notes: Any) -> Path:
    """Write `weights/<name>/`, keeping its model card and curves; the old folder is replaced only by a whole new one.

    Raises:
        ValueError: if a weight is not finite or the folder would be too large.
    """
    if any(not torch.isfinite(p.half()).all() for p in model.parameters()):
        raise ValueError("A weight is not finite in float16.")
    model.config.update(notes)
    target = WEIGHTS / name
    unfinished = target.with_name(f".{name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    model.half().save_pretrained(unfinished)
    build_tokenizer().save_pretrained(unfinished)
    # transformers 5 writes a class name that no earlier release (vLLM may pin one) knows; this one all know.
    settings = json.loads((unfinished / "tokenizer_config.json").read_text())
    settings["tokenizer_class"] = "PreTrainedTokenizerFast"
    (unfinished / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    for kept in ("README.md", "training.json", "curves.html"):
        if (target / kept).exists():
            shutil.copy(target / kept, unfinished / kept)
    for path in unfinished.iterdir():
        path.chmod(0o644)  # safetensors writes for the owner only; a checkout may be read by another user
    size = sum(path.stat().st_size for path in unfinished.iterdir())
    if size > LARGEST_FOLDER:
        raise ValueError(f"The folder has {size} bytes; at most {LARGEST_FOLDER} may be committed.")
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    return target
