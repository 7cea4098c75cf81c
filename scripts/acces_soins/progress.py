"""Progress lines: what the front door shows of a child process while the rest goes to its log."""

MARK = "▸ "


def announce(text: str) -> None:
    """Print one line of progress at once, even through a pipe."""
    print(f"{MARK}{text}", flush=True)
