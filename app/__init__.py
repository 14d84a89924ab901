"""The web application: Django apps by subject, and the supervisor that runs them on one machine."""
