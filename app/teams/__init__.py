"""Who may do what: users, teams with roles, invitations, tokens and share links."""
