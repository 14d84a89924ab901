"""The web server's port. The supervisor binds it once and hands the socket to every web process it starts: a restart
of the web process refuses nobody, connections wait in the socket's queue meanwhile."""

from __future__ import annotations

import errno
import socket

import psutil

from app.embedded.messages import CannotStart


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that children can inherit; raises `CannotStart` that names who has the port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(512)
    except OSError as error:
        sock.close()
        raise CannotStart(_why_not(host, port, error)) from error
    sock.set_inheritable(True)
    return sock


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} on {host} is used by {_holder(port)}. Stop that program, or choose another port: "
            f"PORT={port + 1} make run."
        )
    if error.errno == errno.EACCES:
        return f"port {port} may only be used by root. Choose one above 1023: PORT=8000 make run."
    return f"cannot listen on {host}:{port}: {error.strerror}."


def _holder(port: int) -> str:
    """Best effort: without root we only see our own processes."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                if connection.pid:
                    return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
                break
    except (psutil.Error, OSError):
        pass
    return "another program"
