"""What several test folders share: the session's own servers, and complete running Espaliers."""
