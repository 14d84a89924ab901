"""A run's settings as something to run again elsewhere: a command line, or a Python script."""

from __future__ import annotations

import json
import shlex
from pprint import pformat
from typing import Any

from search.spec import RunSpec, draft_of

_SCRIPT = '''\
"""{title}"""

import asyncio

from search.models import load_policy, load_reward
from search.run import run_search
from search.spec import RunSpec, header_of

SPEC = RunSpec.model_validate(
{spec}
)


async def main() -> None:
    """Run the search; print each pruning as it happens, and the answer."""
    policy = load_policy(SPEC.policy)
    reward = load_reward(SPEC.reward) if SPEC.reward else None
    also = [load_reward(name) for name in SPEC.also_rewards]
    draft = {draft}
    header = header_of(SPEC, policy, reward, also, draft=draft)

    def watch(seq: int, kind: str, payload: dict) -> None:
        if kind == "pruned":
            print(seq, payload["rule"], [gone["node"] for gone in payload["nodes"]])

    outcome = await run_search(header, policy=policy, reward=reward, also_rewards=also, draft=draft, sink=watch)
    print(len(outcome.tree), "nodes,", outcome.stopped_by, "- answer:", outcome.answer, outcome.correct)
    for model in (policy, reward, draft, *also):
        if (close := getattr(model, "close", None)) is not None:
            close()


asyncio.run(main())
'''


def command_of(spec: RunSpec) -> str:
    """The shell command that runs these settings: `python -m search run …`, every setting named.

    Strategy parameters are written out even where they are the defaults: defaults may change, a recorded run does not.
    """
    problem = spec.problem.text
    # A text that begins with @ would be read as the name of a file.
    flags = [("algorithm", spec.algorithm), ("problem", f" {problem}" if problem.startswith("@") else problem)]
    flags += [(name, value) for name in ("answer", "verifier") if (value := getattr(spec.problem, name)) is not None]
    flags += [("policy", spec.policy), ("reward", spec.reward or "none")]
    flags += [("also-reward", name) for name in spec.also_rewards]
    flags += [("param", f"{name}={_value(value)}") for name, value in spec.params.items() if value is not None]
    sampling = spec.sampling.model_dump()
    flags += [("stop", text.encode("unicode_escape").decode()) for text in sampling.pop("stop")]
    flags += [(_flag(name), _value(value)) for name, value in sampling.items()]
    flags += [(_flag(name), _value(cap)) for name, cap in spec.budget.model_dump().items() if cap is not None]
    flags += [("seed", str(spec.seed))]
    return " ".join(["python -m search run", *(shlex.quote(f"--{name}={value}") for name, value in flags)])


def python_of(spec: RunSpec) -> str:
    """A script that runs these settings with the library; needs nothing but this package."""
    settings = spec.model_dump(mode="json")
    named = draft_of(spec)
    return _SCRIPT.format(
        title=f"{spec.algorithm} with seed {spec.seed}",
        spec=_indented(pformat(settings, width=110, sort_dicts=False)),
        draft="None" if named is None else f"load_policy({named!r})",
    )


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _value(value: Any) -> str:
    """As the command line reads it back: words as they are, unless they would be read as something else."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        json.loads(value)
    except json.JSONDecodeError:
        return value
    return json.dumps(value)
