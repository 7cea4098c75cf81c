"""The engine of Tau-Argus, in a process of its own: it keeps global state and writes logs where it stands.

``python -m acces_soins.disclosure.tauargus <folder>`` solves every ``<name>.jj`` of the folder (optimal
cell suppression, Fischetti and Salazar's branch and cut) into ``<name>.reponse``: the numbers of the cells
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
INPUT, DRAFT, OUTPUT = ".jj", ".partiel", ".reponse"


def solve(folder: Path, problems: Iterable[str]) -> list[list[int] | None]:
    """Numbers of the cells to mask for each problem (a text in the JJ format); None without an answer.

    A problem that kills the engine has none; the others are solved without it.
    Raises AccesSoinsError when the engine cannot start.
    """
    waiting = []
    for number, text in enumerate(problems):
        waiting.append(folder / f"{number:06}{INPUT}")
        waiting[-1].write_text(text, encoding="utf-8")
    answers = [path.with_suffix(OUTPUT) for path in waiting]
    while unsolved := [answer for answer in answers if not answer.exists()]:
        command = [sys.executable, "-m", "acces_soins.disclosure.tauargus", str(folder)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode > 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise AccesSoinsError(
                f"secret statistique : le moteur Tau-Argus s'est arrêté (code {done.returncode}) : "
                f"{' '.join(last)}. Rien n'est publié ; réinstaller l'environnement, puis relancer."
            )
        if done.returncode < 0:
            culprit = next(answer for answer in unsolved if not answer.exists())
            culprit.write_text(FAILED, encoding="utf-8")
    return [_read(answer) for answer in answers]


def _read(path: Path) -> list[int] | None:
    words = path.read_text(encoding="utf-8").split()
    return None if words == [FAILED] else [int(word) for word in words]


def _main(folder: Path) -> None:
    from pytauargus import HiTaSCtrl

    os.chdir(folder)
    for problem in sorted(folder.glob(f"*{INPUT}")):
        answer, draft = problem.with_suffix(OUTPUT), problem.with_suffix(DRAFT)
        if answer.exists():
            continue
        draft.touch()
        code = HiTaSCtrl().full_jj(in_file_jj=problem.name, out_file=draft.name, max_time=MINUTES)
        if code:
            draft.write_text(FAILED, encoding="utf-8")
        draft.rename(answer)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
