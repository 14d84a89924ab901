"""Real vLLM on the embedded policy, in process and as its own server. `make test-vllm` runs these, in an environment
of their own; the ordinary suite leaves them out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from search.models import WEIGHTS, load_policy
from search.policies.openai import OpenAIPolicy
from search.policies.vllm import VllmPolicy
from tests.support.ports import free_port

collect_ignore_glob = [] if find_spec("vllm") else ["test_*.py"]
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; by default vLLM takes half of the machine's memory
FOLDER = WEIGHTS / "policy"
ENGINE = {"dtype": "float32", "max_model_len": 256, "enforce_eager": True, "max_num_seqs": 64}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of models with both ways to the same weights; the server's port is in it."""
    path = tmp_path_factory.mktemp("models") / "models.toml"
    engine = "\n".join(f"{name} = {json.dumps(value)}" for name, value in ENGINE.items())
    path.write_text(
        f"""
[policies.inside]
kind = "vllm"
folder = "{FOLDER}"
[policies.inside.engine]
{engine}

[policies.served]
kind = "openai"
base_url = "http://127.0.0.1:{free_port()}/v1"
model = "embedded"
context = 256
# vLLM adds no begin-of-sequence token for this tokenizer: the prompt says it.
template = {{problem = "<bos>{{problem}}\\n"}}
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
def served(models: Path) -> Iterator[OpenAIPolicy]:
    """vLLM's own OpenAI server, as an operator starts it."""
    policy = load_policy("served")
    assert isinstance(policy, OpenAIPolicy)
    port = models.read_text().partition("127.0.0.1:")[2].partition("/")[0]
    # Not `vllm serve`: the package vllm-cpu carries another name, for which that command looks in vain.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(FOLDER), "--port", port]
    command += ["--served-model-name", "embedded", "--dtype", "float32", "--max-model-len", "256"]
    command += ["--enforce-eager", "--max-num-seqs", "64", "--host", "127.0.0.1"]
    began = time.monotonic()
    process = subprocess.Popen(command)
    try:
        while time.monotonic() - began < 300:
            assert process.poll() is None, "vLLM's server ended"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                    break
            except OSError:
                time.sleep(0.5)
        print(f"\nvLLM's server: started in {time.monotonic() - began:.1f} s")
        yield policy
    finally:
        process.terminate()
        process.wait(60)
