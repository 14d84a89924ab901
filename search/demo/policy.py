"""Training the embedded policy: a small Llama that writes solutions of both domains step by step."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from search.demo.checkpoint import load_checkpoint, save_checkpoint
from search.demo.corpus import Example, examples
from search.demo.optimizer import Optimizers
from search.demo.packing import IGNORED, Sequence, pack
from search.demo.tokenizer import DELIMITER, build_tokenizer

if TYPE_CHECKING:
    from transformers import LlamaConfig, PreTrainedTokenizerFast

SEED = 1
ROWS, WIDTH = 32, 160
WARM_UP_STEPS = 100
MATRIX_LR, OTHER_LR = 0.02, 0.004
AVERAGING = 0.998
"""Decay of the running average of the weights; the average is what is exported."""


def policy_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """About 0.87 M parameters: 4 layers, width 128, 4 heads."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=384,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )


def encode_example(example: Example, tokenizer: PreTrainedTokenizerFast) -> Sequence:
    """`<bos>problem\\nsolution<eos>`; labels (next tokens) on the solution and its `<eos>` only."""
    prompt = tokenizer.encode(example.problem + DELIMITER)
    solution = tokenizer.encode(example.solution)
    ids = [tokenizer.bos_token_id, *prompt, *solution, tokenizer.eos_token_id]
    # The label at a position is the token after it: the prompt's newline predicts the solution's first token.
    return Sequence(ids, [IGNORED] * len(prompt) + ids[1 + len(prompt) :] + [IGNORED])


def sequences(seed: str, tokenizer: PreTrainedTokenizerFast) -> Iterator[Sequence]:
    """Endless training sequences; the seed alone decides them."""
    for example in examples(random.Random(seed), "train"):
        yield encode_example(example, tokenizer)


def learning_rate_factor(step: int, share_of_time: float, warm_up_steps: int = WARM_UP_STEPS) -> float:
    """Linear warm-up by steps, then a cosine over the wall-clock budget down to 4 %."""
    warm_up = min(1.0, (step + 1) / warm_up_steps)
    return warm_up * (0.04 + 0.96 * 0.5 * (1 + math.cos(math.pi * min(1.0, share_of_time))))


def train_policy(minutes: float) -> None:
    """Train for `minutes` of wall-clock time in all, going on from the last checkpoint if there is one."""
    from transformers import LlamaForCausalLM

    torch.manual_seed(SEED)
    tokenizer = build_tokenizer()
    model = LlamaForCausalLM(policy_config(tokenizer))
    average = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    optimizers = Optimizers(model, MATRIX_LR, OTHER_LR)
    progress: dict[str, Any] = {"step": 0, "seconds": 0.0, "tokens": 0}
    if (state := load_checkpoint("policy")) is not None:
        model.load_state_dict(state["model"])
        average = state["average"]
        optimizers.load(state["optimizers"])
        progress = state["progress"]
    # Compiled, a step takes about 60 % of its time; the shape never changes, so it is compiled once.
    forward = torch.compile(model)
    budget = minutes * 60
    last, saved, losses = time.monotonic(), time.monotonic(), []
    while progress["seconds"] < budget:
        step = progress["step"]
        batch = pack(sequences(f"policy {SEED} {step}", tokenizer), ROWS, WIDTH, tokenizer.pad_token_id)
        logits = forward(
            input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
        ).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
        loss.backward()
        optimizers.step(learning_rate_factor(step, progress["seconds"] / budget))
        update_average(average, model, step)
        losses.append(loss.item())
        now = time.monotonic()
        progress["step"] += 1
        progress["seconds"] += now - last
        progress["tokens"] += int((batch.ids != tokenizer.pad_token_id).sum())
        last = now
        if progress["step"] % 50 == 0:
            print(f"policy {progress} loss {sum(losses) / len(losses):.4f}", flush=True)
            losses = []
        if now - saved > 90 or progress["seconds"] >= budget:
            state = {"model": model.state_dict(), "average": average, "optimizers": optimizers.state()}
            save_checkpoint({**state, "progress": progress}, "policy")
            saved = time.monotonic()


@torch.no_grad()
def update_average(
    average: dict[str, torch.Tensor], model: torch.nn.Module, step: int, slowest: float = AVERAGING
) -> None:
    """Move the running average towards the weights; early on faster, so that the start is forgotten."""
    decay = min(slowest, (step + 1) / (step + 10))
    parameters = dict(model.named_parameters())
    torch._foreach_lerp_(list(average.values()), [parameters[name] for name in average], 1 - decay)
