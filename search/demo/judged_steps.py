"""Steps of the policy on held-out problems with the exact truth about each: what the process reward is measured on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from search.demo.checkpoint import WEIGHTS, WORK
from search.demo.corpus import arithmetic_example, countdown_example
from search.demo.sample_trees import decides
from search.demo.sampling import complete, held_out_problems, sample_solutions
from search.demo.tokenizer import DELIMITER, build_tokenizer, token_id
from search.demo.trajectories import exported_policy_step
from search.domains import DOMAINS

SEED = 5
SAMPLES, SIBLINGS = 4, 6
MAKERS = {"countdown": countdown_example, "arithmetic": arithmetic_example}


@dataclass(frozen=True)
class JudgedSolution:
    """A sampled solution, whether the right end could still be reached after each step, and whether it verified."""

    problem: str
    steps: list[str]
    reachable: list[bool]
    good: bool


@dataclass(frozen=True)
class JudgedSiblings:
    """Different next steps of one partial solution, and whether the right end can be reached after each."""

    problem: str
    prefix: list[str]
    steps: list[str]
    reachable: list[bool]


@dataclass(frozen=True)
class Judged:
    """A domain's solutions (`SAMPLES` a problem, temperature 1) and siblings."""

    solutions: list[JudgedSolution]
    siblings: list[JudgedSiblings]


def judged_steps(domain: str, split: str, problems: int) -> Judged:
    """Those of the exported policy on `problems` held-out problems; kept in `var/demo/`, so made only once."""
    path = WORK / f"judged-{domain}-{split}-{problems}-{SEED}-{exported_policy_step()}.json"
    if not path.exists():
        judged = _judge(domain, split, problems)
        WORK.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".tmp").write_text(json.dumps(asdict(judged)))
        path.with_suffix(".tmp").rename(path)
    kept = json.loads(path.read_text())
    return Judged(
        [JudgedSolution(**row) for row in kept["solutions"]], [JudgedSiblings(**row) for row in kept["siblings"]]
    )


def _judge(domain: str, split: str, count: int) -> Judged:
    from transformers import LlamaForCausalLM

    policy = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()
    tokenizer = build_tokenizer()
    problems = held_out_problems(MAKERS[domain], split, count, SEED)
    repeated = [problem for problem in problems for _ in range(SAMPLES)]
    sampled = sample_solutions(policy, tokenizer, repeated, 1.0, SEED)
    reachable = DOMAINS[domain].reachable
    solutions = [
        JudgedSolution(
            problem,
            steps,
            [reachable(problem, steps[: i + 1]) for i in range(len(steps))],
            DOMAINS[domain].verify(problem, steps),
        )
        for problem, steps in zip(repeated, sampled, strict=True)
        if steps is not None
    ]
    prefixes = _prefixes(solutions)
    texts = [DELIMITER.join([problem, *prefix, ""]) for problem, prefix in prefixes for _ in range(SIBLINGS)]
    newline = token_id(tokenizer, DELIMITER)
    prompts = [[tokenizer.bos_token_id, *tokenizer.encode(text)] for text in texts]
    written = complete(policy, prompts, 1.0, SEED, longest=80, end=newline)
    siblings = []
    for at, (problem, prefix) in enumerate(prefixes):
        ids = [row for row in written[at * SIBLINGS : (at + 1) * SIBLINGS] if row is not None]
        steps = sorted({text for text in tokenizer.batch_decode(ids) if decides(text)})
        siblings.append(JudgedSiblings(problem, prefix, steps, [reachable(problem, [*prefix, s]) for s in steps]))
    return Judged(solutions, siblings)


def _prefixes(solutions: list[JudgedSolution]) -> list[tuple[str, list[str]]]:
    """The first solution of each problem cut before each step that leaves something to decide, while all is well."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for solution in solutions:
        if solution.problem not in found:
            cuts = [i for i in range(len(solution.steps)) if decides(solution.steps[i]) and all(solution.reachable[:i])]
            found[solution.problem] = [(solution.problem, solution.steps[:i]) for i in cuts]
    return [prefix for prefixes in found.values() for prefix in prefixes]
