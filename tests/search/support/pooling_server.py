"""A stand-in for vLLM's server that pools: the same /pooling, computed with transformers and the head written anew."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import AutoModel

Spoil = Callable[[Tensor], Tensor]


class PoolingServer:
    """Serves one folder on a port of its own. `spoil` changes the vectors of a path before they go out."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.spoil: Spoil = lambda vectors: vectors
        self._body = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()
        self._weights = load_file(folder / "model.safetensors")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """As an admin writes it, up to /v1."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def close(self) -> None:
        """Give the port back."""
        self._server.shutdown()
        self._server.server_close()

    @torch.inference_mode()
    def _vectors(self, task: str, ids: list[int]) -> Tensor:
        states: Tensor = self._body(input_ids=torch.tensor([ids])).last_hidden_state[0]
        return states if task == "token_embed" else self._logits(states)

    def _logits(self, states: Tensor) -> Tensor:
        if "score.0.weight" in self._weights:
            inner = nn.functional.relu(self._layer("score.0", states))
            return self._layer("score.2", inner)
        return self._layer("score", states)

    def _layer(self, name: str, states: Tensor) -> Tensor:
        bias = self._weights.get(f"{name}.bias")
        return nn.functional.linear(
            states, self._weights[f"{name}.weight"].float(), None if bias is None else bias.float()
        )

    def _answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append(body)
        if path != "/pooling":
            return 404, {"detail": "Not Found"}
        data = []
        for index, ids in enumerate(body["input"]):
            vectors = self.spoil(self._vectors(body["task"], ids)).numpy().astype("<f4")
            data.append({"index": index, "data": base64.b64encode(np.ascontiguousarray(vectors).tobytes()).decode()})
        return 200, {"data": data[::-1], "usage": {"prompt_tokens": sum(map(len, body["input"]))}}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self._send(*served._answer(self.path, body))

            def do_GET(self) -> None:
                self._send(200, {"data": [{"id": "prm"}]})

            def _send(self, status: int, content: dict[str, Any]) -> None:
                sent = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: object) -> None:
                """Not into the tests' output."""

        return Handler
