"""The web process: uvicorn on the socket that the supervisor holds. `python -m app.embedded.web --fd 3`."""

from __future__ import annotations

import argparse
import socket

import uvicorn


def main() -> None:
    """Serve until SIGTERM. `uvicorn --fd` would take the socket for a unix one and leave Nagle's delay on."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="descriptor of a listening socket")
    sock = socket.socket(fileno=parser.parse_args().fd)
    config = uvicorn.Config(
        "app.config.asgi:application",
        log_config=None,  # Django's settings configure logging
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=1024 * 1024,
        timeout_graceful_shutdown=2,
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[sock])


if __name__ == "__main__":
    main()
