"""`python -m search run`."""

from __future__ import annotations

import asyncio
import atexit
import json
import signal
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from uuid import uuid4

from search.cli.complaints import BadInput
from search.cli.drawing import draw
from search.commands import Command, Mailbox
from search.events import Payload
from search.journal import NonDeterministicReplay
from search.models import load_policy, load_reward
from search.policies.base import PolicyError
from search.rewards.base import RewardError
from search.run import Outcome, run_search
from search.spec import RunSpec, draft_of, header_of


def run(spec: RunSpec, jsonl: str | None, calibration: str | None = None) -> int:
    """Run a search; print its tree and answer, or write its journal. Ctrl-C cancels it, what was found stays."""
    if calibration is not None and spec.reward is None:
        raise BadInput("--calibration goes with a reward; name one")
    calibration = None if calibration is None else str(Path(calibration).resolve())
    try:
        with ExitStack() as stack:
            stream = None if jsonl is None else sys.stdout if jsonl == "-" else stack.enter_context(_opened(jsonl))
            outcome, header = asyncio.run(_search(spec, stream, calibration))
    except (PolicyError, RewardError, NonDeterministicReplay) as error:
        print(error, file=sys.stderr)
        return 1
    if jsonl != "-":
        print(draw(outcome, header))
    return 0


async def _search(spec: RunSpec, stream: TextIO | None, calibration: str | None) -> tuple[Outcome, Payload]:
    policy = await asyncio.to_thread(load_policy, spec.policy)
    fitted = {} if calibration is None else {"calibration": calibration}
    reward = None if spec.reward is None else await asyncio.to_thread(load_reward, spec.reward, **fitted)
    also = [await asyncio.to_thread(load_reward, name) for name in spec.also_rewards]
    named = draft_of(spec)
    draft = None if named is None else await asyncio.to_thread(load_policy, named)
    for model in (policy, reward, draft, *also):  # an engine thread that outlives the interpreter would abort it
        if (close := getattr(model, "close", None)) is not None:
            atexit.register(close)
    header = header_of(spec, policy, reward, also, draft=draft)
    mailbox = Mailbox()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, lambda: mailbox.put(Command(str(uuid4()), "cancel", "terminal")))

    def write(record: dict[str, Any]) -> None:
        if stream is not None:
            print(json.dumps(record, ensure_ascii=False), file=stream, flush=True)

    def sink(seq: int, kind: str, payload: Payload) -> None:
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        write({"seq": seq, "kind": kind, "payload": payload, "at": at})

    write({"kind": "header", **header})
    try:
        outcome = await run_search(
            header, policy=policy, reward=reward, also_rewards=also, draft=draft, sink=sink, mailbox=mailbox
        )
        return outcome, header
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def _opened(path: str) -> TextIO:
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--jsonl {path}: the file cannot be written ({error.strerror})") from error
