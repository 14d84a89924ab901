#!/usr/bin/env python
"""Django's command line. Settings come from the environment; see app/config/settings.py."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "app.config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
