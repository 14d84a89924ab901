"""`python -m search`: run, replay and list strategies without the web application."""

import os
import sys

from search.cli import main
from search.collector import collect_seldom

if __name__ == "__main__":
    collect_seldom()
    try:
        status = main()
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as `head`, has seen enough; nothing may be flushed to it at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    raise SystemExit(status)
