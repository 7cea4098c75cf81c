"""The engine of Tau-Argus, in a process of its own: it keeps global state and writes logs where it stands.

``python -m acces_soins.disclosure.tauargus <folder>`` solves every ``<name>.jj`` of the folder (optimal
cell suppression, Fischetti and Salazar's branch and cut) into ``<name>.out``: the numbers of the cells
to mask besides, one a line; « échec » when the engine found none.
"""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from acces_soins.errors import AccesSoinsError

MINUTES = 2  # given to each system before its best pattern so far is taken
FAILED = "échec"
INPUT, OUTPUT = ".jj", ".out"


def solve(folder: Path, problems: Iterable[str]) -> list[list[int] | None]:
    """Numbers of the cells that each problem (a text in the JJ format) asks to mask; None if it has no answer.

    Raises AccesSoinsError when the engine stops.
    """
    names = []
    for number, text in enumerate(problems):
        names.append(str(number))
        (folder / f"{number}{INPUT}").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "acces_soins.disclosure.tauargus", str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise AccesSoinsError(
            f"secret statistique : le moteur Tau-Argus s'est arrêté (code {done.returncode}) : {' '.join(last)}. "
            "Rien n'est publié ; relancer la construction."
        )
    return [_read(folder / f"{name}{OUTPUT}") for name in names]


def _read(path: Path) -> list[int] | None:
    words = path.read_text(encoding="utf-8").split()
    return None if words == [FAILED] else [int(word) for word in words]


def _main(folder: Path) -> None:
    from pytauargus import HiTaSCtrl

    os.chdir(folder)
    for problem in sorted(folder.glob(f"*{INPUT}")):
        answer = problem.with_suffix(OUTPUT)
        answer.touch()
        code = HiTaSCtrl().full_jj(in_file_jj=problem.name, out_file=answer.name, max_time=MINUTES)
        if code:
            answer.write_text(FAILED, encoding="utf-8")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
