"""One line per event that a person follows while a night runs."""

MARK = "▸"


def announce(text: str) -> None:
    """Print a progress line; front doors show only the lines that bear the mark."""
    print(f"{MARK} {text}", flush=True)
