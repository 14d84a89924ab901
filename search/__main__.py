"""`python -m search`: run, replay and list strategies without the web application."""

from search.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
