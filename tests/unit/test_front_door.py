"""The front door: what make says without being asked to install anything."""

import subprocess

from acces_soins.settings import PROJECT


def make(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )


def test_make_alone_prints_the_verbs():
    shown = make()
    assert shown.returncode == 0
    for verb in ("run", "serve", "real", "test", "test-long", "bench", "lint"):
        assert f"make {verb} " in shown.stdout


def test_make_real_asks_for_the_folder_before_anything_else():
    refused = make("real", "EXTRAITS=")
    assert refused.returncode == 2
    assert "make real EXTRAITS=<dossier>" in refused.stderr
    assert "Installation" not in refused.stdout


def test_make_real_wants_an_index(tmp_path):
    refused = make("real", f"EXTRAITS={tmp_path}")
    assert refused.returncode == 2
    assert "INDEX.csv est introuvable" in refused.stderr
