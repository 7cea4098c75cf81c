"""The browser of the machine, as tests start it: no profile, no network of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def started() -> Iterator:
    """A Chromium; the test is skipped where the machine has none."""
    executable = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not executable:
        pytest.skip("aucun Chromium ni Chrome n'est installé")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()
