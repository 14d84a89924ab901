"""Real vLLM on the embedded policy and process reward, in process and as its own server.

`make test-vllm` runs these, in an environment of their own; the ordinary suite leaves them out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from search.models import WEIGHTS, load_policy, load_reward
from search.policies.openai import OpenAIPolicy
from search.policies.vllm import VllmPolicy
from search.rewards.pooled_reward import PooledReward
from tests.support.ports import free_port

collect_ignore_glob = [] if find_spec("vllm") else ["test_*.py"]
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; by default vLLM takes half of the machine's memory
LONGEST_START = 1500
"""Seconds; most of a minute on a machine with nothing else to do."""
FOLDER = WEIGHTS / "policy"
REWARD = WEIGHTS / "process_reward"
ENGINE = {"dtype": "float32", "max_model_len": 256, "enforce_eager": True, "max_num_seqs": 32}
SERVER = ["--dtype", "float32", "--max-model-len", "256", "--enforce-eager", "--host", "127.0.0.1"]
POOLING = [
    "--runner", "pooling",
    "--hf-overrides", '{"architectures": ["LlamaForSequenceClassification"]}',
    "--pooler-config", '{"task": "token_classify", "tok_pooling_type": "ALL", "use_activation": false}',
]  # fmt: skip
"""What docs/rewards.md says for the kind of the embedded process reward."""


@pytest.fixture(scope="session")
def ports() -> dict[str, int]:
    """Of the two servers."""
    return {"policy": free_port(), "prm": free_port()}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Path]:
    """The file of models with both ways to the same weights."""
    path = tmp_path_factory.mktemp("models") / "models.toml"
    engine = "\n".join(f"{name} = {json.dumps(value)}" for name, value in ENGINE.items())
    path.write_text(
        f"""
[policies.inside]
kind = "vllm"
folder = "{FOLDER}"
entropies = true
[policies.inside.engine]
{engine}

[policies.served]
kind = "openai"
base_url = "http://127.0.0.1:{ports["policy"]}/v1"
model = "embedded"
context = 256
# vLLM adds no begin-of-sequence token for this tokenizer: the prompt says it.
template = {{problem = "<bos>{{problem}}\\n"}}

[rewards.prm_inside]
folder = "{REWARD}"
template = {{final_end = "<eos>"}}
runs_in = "vllm"
[rewards.prm_inside.vllm]
{engine}

[rewards.prm_served]
folder = "{REWARD}"
template = {{final_end = "<eos>"}}
runs_in = "server"
base_url = "http://127.0.0.1:{ports["prm"]}/v1"
model = "prm"
"""
    )
    os.environ["ESPALIER_MODELS"] = str(path)
    yield path
    del os.environ["ESPALIER_MODELS"]


@pytest.fixture(scope="session")
def inside(models: Path) -> Iterator[VllmPolicy]:
    """vLLM in this process."""
    began = time.monotonic()
    policy = load_policy("inside")
    assert isinstance(policy, VllmPolicy)
    print(f"\nvLLM in process: started in {time.monotonic() - began:.1f} s")
    yield policy
    policy.close()


@pytest.fixture(scope="session")
def prm_inside(models: Path) -> Iterator[PooledReward]:
    """The embedded process reward in vLLM in this process."""
    began = time.monotonic()
    reward = load_reward("prm_inside")
    assert isinstance(reward, PooledReward)
    print(f"\nvLLM in process, pooling: started in {time.monotonic() - began:.1f} s")
    yield reward
    reward.close()


@pytest.fixture(scope="session")
def served(models: Path, ports: dict[str, int]) -> Iterator[OpenAIPolicy]:
    """vLLM's own OpenAI server, as an operator starts it."""
    policy = load_policy("served")
    assert isinstance(policy, OpenAIPolicy)
    with running(FOLDER, "embedded", ports["policy"], ["--max-num-seqs", "64"]):
        yield policy


@pytest.fixture(scope="session")
def prm_served(models: Path, ports: dict[str, int]) -> Iterator[PooledReward]:
    """The same server, started to pool."""
    reward = load_reward("prm_served")
    assert isinstance(reward, PooledReward)
    with running(REWARD, "prm", ports["prm"], POOLING):
        yield reward


@contextmanager
def running(folder: Path, name: str, port: int, more: list[str]) -> Iterator[None]:
    """vLLM's server with a folder, until it answers and as long as it is needed."""
    # Not `vllm serve`: the package vllm-cpu carries another name, for which that command looks in vain.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(folder), "--port", str(port)]
    began = time.monotonic()
    process = subprocess.Popen([*command, "--served-model-name", name, *SERVER, *more])
    try:
        while time.monotonic() - began < LONGEST_START:
            assert process.poll() is None, "vLLM's server ended"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.5)
        print(f"\nvLLM's server of {name}: started in {time.monotonic() - began:.1f} s")
        yield
    finally:
        process.terminate()
        process.wait(60)
