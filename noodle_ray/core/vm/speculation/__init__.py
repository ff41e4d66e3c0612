"""Asking models early, past branches whose conditions are pending, for what may be asked then."""
