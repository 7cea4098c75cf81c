"""How texts and paths are written in SQL."""


def literal(value: object) -> str:
    """A text or a path between quotes, those that it holds doubled."""
    return "'" + str(value).replace("'", "''") + "'"
