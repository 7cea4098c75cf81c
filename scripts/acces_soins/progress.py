"""One line of progress for the person who waits."""


def announce(text: str) -> None:
    """Print ``▸ text`` at once; front-door commands show only those lines of a child process."""
    print(f"▸ {text}", flush=True)
