"""Training the verifier: the policy's body, taught by outcomes to hold right solutions likelier than wrong ones.

Two losses on the policy's own solutions of training problems: the cross-entropy of those that verified ("Scaling
relationship on learning mathematical reasoning with large language models", Yuan et al., 2023, calls it rejection
sampling), and a contest within each problem, the logarithm of the share of the likelihood that its right solutions
hold (noise-contrastive, as in "Noise contrastive alignment of language models with explicit rewards", Chen et al.,
2024). Never the exact truth.

As a reward it is read by its surprise (`search/rewards/surprise.py`). The policy's own surprise knows its slips; this
one also knows what the policy gets wrong again and again, as far as some of its solutions got it right.
"""

from __future__ import annotations

import random
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from search.demo.batches import batches
from search.demo.checkpoint import WEIGHTS, load_checkpoint, save_checkpoint
from search.demo.corpus import Example
from search.demo.join import fitted_problems
from search.demo.policy import encode_example, log
from search.demo.tokenizer import build_tokenizer
from search.demo.trajectories import DRILLS, Trajectory, exported_policy_step, read_trajectories, trajectories_file
from search.training.optimizer import Optimizers
from search.training.packing import IGNORED, Batch, Sequence, pack
from search.training.schedule import learning_rate_factor, update_average

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

SEED = 8
ROWS, WIDTH = 22, 304
STEPS, WARM_UP_STEPS, AVERAGING = 2200, 50, 0.99
MATRIX_LR, OTHER_LR = 0.008, 0.0016
CONTEST = 0.1
"""What the contest counts beside the cross-entropy."""
SHARES = {("arithmetic", "mixed"): 0.62, ("arithmetic", "right"): 0.16, ("countdown", "mixed"): 0.16,
          ("countdown", "right"): 0.06}  # fmt: skip
"""Of the problems drawn: those with right and wrong solutions, and those with right ones only."""
MOST_RIGHT = MOST_WRONG = 4
"""Different solutions of a problem in one batch."""

Problem = list[Trajectory]


class Contests(NamedTuple):
    """A packed batch whose sequences are solutions, numbered from 0: which are right, and which problem each solves."""

    batch: Batch
    right: Tensor
    problem: Tensor


class ContestBatches:
    """Makes the batch of a step; the step alone decides it."""

    def __init__(self, problems: list[Problem]) -> None:
        """`problems`: the solutions of each, repeats among them."""
        self.pools: dict[tuple[str, str], list[Problem]] = {kind: [] for kind in SHARES}
        for problem in problems:
            solutions = list({tuple(one.steps): one for one in problem}.values())
            domain = "countdown" if " -> " in solutions[0].problem else "arithmetic"
            if any(one.good for one in solutions):
                kind = "right" if all(one.good for one in solutions) else "mixed"
                self.pools[domain, kind].append(solutions)

    def __call__(self, step: int) -> Contests:
        """Problems until the rows are full, the long ones packed first; a problem's solutions come together."""
        rng, tokenizer = random.Random(f"verifier {SEED} {step}"), build_tokenizer()
        sequences: list[Sequence] = []
        right: list[bool] = []
        solved: list[int] = []
        room, number = 0.94 * ROWS * WIDTH, 0  # what first-fit can fill
        while room > 0:
            (kind,) = rng.choices(list(SHARES), weights=list(SHARES.values()))
            number += 1
            for one in self._some(rng.choice(self.pools[kind]), rng):
                sequence = encode_example(Example(one.problem, one.steps), tokenizer)
                if len(sequence.ids) > WIDTH:
                    continue
                sequences.append(replace(sequence, number=len(right)))
                right.append(one.good)
                solved.append(number)
                room -= len(sequence.ids)
        sequences.sort(key=lambda sequence: len(sequence.ids), reverse=True)
        batch = pack(iter(sequences), ROWS, WIDTH, tokenizer.pad_token_id)
        return Contests(batch, torch.tensor(right), torch.tensor(solved))

    @staticmethod
    def _some(solutions: Problem, rng: random.Random) -> Problem:
        mixed = rng.sample(solutions, len(solutions))
        right = [one for one in mixed if one.good][:MOST_RIGHT]
        return right + [one for one in mixed if not one.good][:MOST_WRONG]


def contest_losses(logits: Tensor, contests: Contests) -> tuple[Tensor, Tensor]:
    """The right solutions' cross-entropy (nats a token), and the mean contest (nats); logits (rows, width, tokens).

    Solutions that found no room in the rows take no part, nor do problems without a right or a wrong one left.
    """
    batch, right, problem = contests
    labels = batch.labels.long()
    losses = torch.nn.functional.cross_entropy(
        logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="none"
    )
    numbers, learned = batch.numbers.flatten(), (labels != IGNORED).flatten()
    none = torch.zeros(len(right), dtype=losses.dtype)
    likelihood = -none.index_add(0, numbers, losses)
    tokens = none.index_add(0, numbers, learned.to(losses.dtype))
    there = tokens > 0
    entropy = -likelihood[right & there].sum() / tokens[right & there].sum().clamp(min=1)
    contests_of = []
    for which in problem[there].unique():
        mine = there & (problem == which)
        if (mine & right).any() and (mine & ~right).any():
            contests_of.append(likelihood[mine].logsumexp(0) - likelihood[mine & right].logsumexp(0))
    return entropy, torch.stack(contests_of).mean() if contests_of else entropy.new_zeros(())


def training_problems() -> list[Problem]:
    """All outcomes and the drills, but for the problems that the join is fitted on."""
    kept = fitted_problems()
    drills = trajectories_file(exported_policy_step(), DRILLS)
    found = [*read_trajectories(), *(read_trajectories(drills) if drills.exists() else [])]
    return [problem for problem in found if problem[0].problem not in kept]


def train_verifier(steps: int = STEPS) -> None:
    """Train for `steps` in all from the exported policy's weights, going on where it was stopped."""
    from transformers import LlamaForCausalLM

    torch.manual_seed(SEED)
    policy_step = exported_policy_step()
    problems = training_problems()
    model = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().train()
    average = {name: tensor.detach().clone() for name, tensor in model.named_parameters()}
    optimizers = Optimizers(model, MATRIX_LR, OTHER_LR)
    progress: dict[str, Any] = {"step": 0, "seconds": 0.0, "tokens": 0, "policy_step": policy_step}
    state = load_checkpoint("verifier")
    if state is not None and state["progress"]["policy_step"] == policy_step:
        model.load_state_dict(state["model"])
        average = state["average"]
        optimizers.load(state["optimizers"])
        progress = state["progress"]
    progress["trajectories"] = sum(map(len, problems))
    forward = torch.compile(model)
    saved, losses = time.monotonic(), []
    for contests in batches(ContestBatches(problems), range(progress["step"], steps)):
        begun, batch = time.process_time(), contests.batch
        logits = forward(
            input_ids=batch.ids, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
        ).logits
        entropy, contest = contest_losses(logits, contests)
        (entropy + CONTEST * contest).backward()
        optimizers.step(learning_rate_factor(progress["step"], progress["step"] / steps, WARM_UP_STEPS))
        update_average(average, model, progress["step"], AVERAGING)
        losses.append((entropy.item(), contest.item()))
        progress["step"] += 1
        progress["seconds"] += time.process_time() - begun
        progress["tokens"] += int((batch.labels != IGNORED).sum())
        if progress["step"] % 50 == 0:
            entropies, contested = (sum(some) / len(losses) for some in zip(*losses, strict=True))
            log("verifier", {**progress, "loss": entropies, "contest": contested})
            losses = []
        if time.monotonic() - saved > 60 or progress["step"] == steps:
            state = {"model": model.state_dict(), "average": average, "optimizers": optimizers.state()}
            save_checkpoint({**state, "progress": progress}, "verifier")
            saved = time.monotonic()


def load_verifier() -> LlamaForCausalLM:
    """The verifier with the averaged weights of its last checkpoint, in float32."""
    from transformers import LlamaForCausalLM

    state = load_checkpoint("verifier")
    if state is None:
        raise FileNotFoundError("There is no checkpoint: run `python -m search.demo verifier` first.")
    model = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float()
    model.load_state_dict(state["average"], strict=False)
    model.tie_weights()
    model.config.update({"training": state["progress"]})
    return model.eval()
