"""Training the embedded process reward model from the policy's weights on the outcomes of its trajectories.

Every step's last token carries its trajectory's final outcome ("Solving math word problems with process- and
outcome-based feedback", Uesato et al., 2022, trains its outcome model so). The likeliest P(good) at a step is then
the share of the policy's completions from there that verify: a value function, learned without the exact truth.

Scoring: the input is `<bos>problem\\nstep1\\nstep2\\n`; the score of a step is softmax over the two labels, index 1,
at the newline after it, or at `<eos>` for a last step. At the problem's own newline it is the score of the root.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch

from search.demo.checkpoint import WEIGHTS, load_checkpoint, save_checkpoint
from search.demo.optimizer import Optimizers
from search.demo.packing import IGNORED, Sequence, pack
from search.demo.policy import WIDTH, learning_rate_factor, policy_config, update_average
from search.demo.tokenizer import DELIMITER, build_tokenizer
from search.demo.trajectories import Trajectory, exported_policy_step, read_trajectories

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

SEED = 3
ROWS, WARM_UP_STEPS, AVERAGING = 16, 20, 0.99
"""Half the policy's batch, a short warm-up and a quick average: the run is short, and starts from the policy."""
MATRIX_LR, OTHER_LR = 0.006, 0.0015


def process_reward_model() -> PreTrainedModel:
    """The architecture: the policy's body with a two-label head, no dropout."""
    from transformers import LlamaForTokenClassification

    config = policy_config(build_tokenizer())
    config.update({"num_labels": 2, "id2label": {0: "bad", 1: "good"}, "label2id": {"bad": 0, "good": 1}})
    config.classifier_dropout = 0.0
    return LlamaForTokenClassification(config)


def encode_trajectory(trajectory: Trajectory, tokenizer: PreTrainedTokenizerFast) -> Sequence:
    """The whole text with the outcome at every newline and at `<eos>`."""
    text = DELIMITER.join([trajectory.problem, *trajectory.steps])
    ids = [tokenizer.bos_token_id, *tokenizer.encode(text), tokenizer.eos_token_id]
    ends = {tokenizer.convert_tokens_to_ids(DELIMITER), tokenizer.eos_token_id}
    return Sequence(ids, [int(trajectory.good) if token in ends else IGNORED for token in ids])


def train_process_reward(minutes: float) -> None:
    """Train for `minutes` in all on the exported policy's trajectories; start anew when the policy is a new one."""
    from transformers import LlamaForCausalLM

    torch.manual_seed(SEED)
    tokenizer = build_tokenizer()
    policy_step = exported_policy_step()
    trajectories = [encode_trajectory(t, tokenizer) for t in read_trajectories(policy_step)]
    trajectories = [sequence for sequence in trajectories if len(sequence.ids) <= WIDTH]
    model = process_reward_model()
    policy = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float()
    model.model.load_state_dict(policy.model.state_dict())
    average = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    optimizers = Optimizers(model, MATRIX_LR, OTHER_LR)
    progress: dict[str, Any] = {"step": 0, "seconds": 0.0, "policy_step": policy_step}
    state = load_checkpoint("process_reward")
    if state is not None and state["progress"]["policy_step"] == policy_step:
        model.load_state_dict(state["model"])
        average = state["average"]
        optimizers.load(state["optimizers"])
        progress = state["progress"]
    progress["trajectories"] = len(trajectories)
    forward = torch.compile(model)
    budget = minutes * 60
    source = _shuffled(trajectories, skip=progress["step"])
    last, saved, losses = time.monotonic(), time.monotonic(), []
    while progress["seconds"] < budget:
        batch = pack(source, ROWS, WIDTH, tokenizer.pad_token_id)
        logits = forward(
            input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
        ).logits
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=IGNORED)
        loss.backward()
        optimizers.step(learning_rate_factor(progress["step"], progress["seconds"] / budget, WARM_UP_STEPS))
        update_average(average, model, progress["step"], AVERAGING)
        losses.append(loss.item())
        now = time.monotonic()
        progress["step"] += 1
        progress["seconds"] += now - last
        last = now
        if progress["step"] % 50 == 0:
            print(f"process reward {progress} loss {sum(losses) / len(losses):.4f}", flush=True)
            losses = []
        if now - saved > 60 or progress["seconds"] >= budget:
            state = {"model": model.state_dict(), "average": average, "optimizers": optimizers.state()}
            save_checkpoint({**state, "progress": progress}, "process_reward")
            saved = time.monotonic()


def _shuffled(trajectories: list[Sequence], skip: int) -> Iterator[Sequence]:
    """Endless passes in random order; `skip` varies the order after a stop."""
    rng = random.Random(f"process reward {SEED} {skip}")
    while True:
        yield from rng.sample(trajectories, len(trajectories))
