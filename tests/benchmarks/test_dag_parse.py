"""How long the DAG file takes to parse, Airflow's own import not counted; reported, never judged."""

import os
import statistics
import subprocess
import sys

from acces_soins.settings import PROJECT

MEASURE = """
import sys, time
import pendulum, airflow.sdk
sys.path.insert(0, sys.argv[1])
start = time.perf_counter()
import nightly
print("SECONDS", time.perf_counter() - start, len(nightly.fetched_sources()))
"""


def test_parse_time(tmp_path):
    durations = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, str(PROJECT / "dags")],
            env={**os.environ, "AIRFLOW_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, sources = done.stdout.split("SECONDS")[1].split()
        durations.append(float(seconds))
    print(f"\nnightly.py : {statistics.median(durations):.2f} s pour {sources} sources (médiane de 3)")
