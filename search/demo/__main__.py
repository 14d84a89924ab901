"""`python -m search.demo <stage>`: make the embedded models, one stage after another; `all` does them all.

    policy                 train the policy, both parts (some 60 minutes each on one core)
    export_policy          write search/demo/weights/policy
    draft                  train the draft policy (10 minutes)
    export_draft           write search/demo/weights/draft
    trajectories           sample the exported policy, verify the outcomes (18 minutes)
    process_reward         train the process reward model on them (25 minutes)
    export_process_reward  write search/demo/weights/process_reward
    drills                 sample the exported policy on short Arithmetic (6 minutes with two processes)
    verifier               train the verifier on outcomes and drills (35 minutes)
    export_verifier        write search/demo/weights/verifier
    join                   fit how much the reward, the policy's own expectations and the verifier's count (4 minutes)
    curves                 write the training's figures beside each model's weights

    evaluate_policy, evaluate_draft, evaluate_reward, evaluate_questions
                           measure exported weights on held-out problems, print JSON (--problems, --split)

Every stage goes on where it was stopped; unfinished work lies in var/demo/.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable


def main() -> None:
    """Run one stage, or all that make the models."""
    parser = argparse.ArgumentParser(
        prog="python -m search.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    measures = ["evaluate_policy", "evaluate_draft", "evaluate_reward", "evaluate_questions"]
    parser.add_argument("stage", choices=[*_stages(), "all", *measures])
    parser.add_argument("--threads", type=int, default=1, help="torch threads, and sampling processes")
    parser.add_argument("--problems", type=int, default=1000, help="held-out problems a set when measuring")
    parser.add_argument("--split", choices=["dev", "test"], default="dev", help="held-out problems to measure on")
    parser.add_argument("--reward", default="embedded", help="the reward that evaluate_reward measures")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    stages = _stages()
    if options.stage == "all":
        for stage in stages.values():
            stage()
    elif options.stage in stages:
        stages[options.stage]()
    else:
        json.dump(_measure(options.stage, options.problems, options.split, options.reward), sys.stdout, indent=2)
        print()


def _stages() -> dict[str, Callable[[], object]]:
    """What makes the models, in order. Imports happen when a stage runs, so that `--help` is quick."""

    def policy() -> None:
        from search.demo.policy import train_policy

        train_policy()

    def draft() -> None:
        from search.demo.parts import DRAFT
        from search.demo.policy import train_policy

        train_policy([DRAFT])

    def trajectories() -> None:
        import torch

        from search.demo.trajectories import sample_trajectories

        sample_trajectories(processes=torch.get_num_threads())

    def drills() -> None:
        import torch

        from search.demo.trajectories import DRILLS, sample_trajectories

        sample_trajectories(DRILLS, processes=torch.get_num_threads())

    def verifier() -> None:
        from search.demo.verifier import train_verifier

        train_verifier()

    def export_verifier() -> None:
        from search.demo.export import export
        from search.demo.verifier import load_verifier

        print(export("verifier", load_verifier()))

    def process_reward() -> None:
        from search.demo.process_reward import train_process_reward

        train_process_reward()

    def export_policy() -> None:
        from search.demo.export import export, load_policy
        from search.demo.parts import PARTS

        print(export("policy", load_policy(PARTS)))

    def export_draft() -> None:
        from search.demo.export import export, load_policy
        from search.demo.parts import DRAFT

        print(export("draft", load_policy([DRAFT])))

    def export_process_reward() -> None:
        from search.demo.export import export, load_process_reward

        print(export("process_reward", load_process_reward()))

    def join() -> None:
        from search.demo.join import write_join

        print(write_join())

    def curves() -> None:
        from search.demo.curves import write_curves

        write_curves()

    made = [policy, export_policy, draft, export_draft, trajectories, process_reward, export_process_reward]
    made += [drills, verifier, export_verifier, join, curves]
    return {stage.__name__: stage for stage in made}


def _measure(stage: str, problems: int, split: str, reward: str) -> object:
    if stage == "evaluate_reward":
        from search.demo.evaluate_reward import evaluate_reward

        return evaluate_reward(reward, problems, split)
    if stage == "evaluate_questions":
        from search.demo.evaluate_questions import evaluate_questions

        return evaluate_questions(problems, split)
    from search.demo.evaluate import evaluate_policy

    return evaluate_policy(problems, split, stage.removeprefix("evaluate_"))


if __name__ == "__main__":
    main()
