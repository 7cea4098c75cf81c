"""Observatoire de l'accès aux soins: the warehouse of the quarterly departmental indicators."""
