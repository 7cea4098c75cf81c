"""Fictitious extracts (« données d'essai ») in the real layouts, and the replica of the portals."""
