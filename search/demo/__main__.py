"""`python -m search.demo <stage> [--minutes N] [--threads N]`: make the embedded models, one stage after another.

    policy                 train the policy (65 minutes on one core)
    export_policy          write search/demo/weights/policy
    trajectories           sample the exported policy, verify the outcomes (12 minutes)
    process_reward         train the process reward model on them (20 minutes)
    export_process_reward  write search/demo/weights/process_reward
    evaluate_policy        measure the exported policy on held-out problems, print JSON
    evaluate_reward        measure the exported process reward model likewise

Every stage goes on where it was stopped; unfinished work lies in var/demo/.
"""

from __future__ import annotations

import argparse
import json
import sys


def main() -> None:
    """Run one stage."""
    parser = argparse.ArgumentParser(
        prog="python -m search.demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stages = ["policy", "export_policy", "trajectories", "process_reward", "export_process_reward"]
    stages += ["evaluate_policy", "evaluate_reward"]
    parser.add_argument("stage", choices=stages)
    parser.add_argument("--minutes", type=float, help="wall-clock budget of a stage that has one")
    parser.add_argument("--threads", type=int, default=1, help="torch threads")
    parser.add_argument("--problems", type=int, default=200, help="held-out problems a set when measuring")
    options = parser.parse_args()

    import torch

    torch.set_num_threads(options.threads)
    if options.stage == "policy":
        from search.demo.policy import train_policy

        train_policy(options.minutes or 65)
    elif options.stage == "trajectories":
        from search.demo.trajectories import sample_trajectories

        sample_trajectories(options.minutes or 12)
    elif options.stage == "process_reward":
        from search.demo.process_reward import train_process_reward

        train_process_reward(options.minutes or 20)
    elif options.stage == "export_policy":
        from search.demo.export import export, load_policy

        print(export("policy", load_policy()))
    elif options.stage == "export_process_reward":
        from search.demo.export import export, load_process_reward

        print(export("process_reward", load_process_reward()))
    else:
        from search.demo.evaluate import evaluate_policy, evaluate_process_reward

        measure = evaluate_policy if options.stage == "evaluate_policy" else evaluate_process_reward
        json.dump(measure(options.problems), sys.stdout, indent=2)
        print()


if __name__ == "__main__":
    main()
