"""One build in a process of its own: ``python measured_build.py <dbt|bare> <folder> [closing date]``.

Prints one line of JSON: seconds, processor seconds, peak memory in MB, seconds by node. ``dbt`` builds in
``folder`` as a night does; ``bare`` runs, without dbt, the SQL that the last dbt build of ``folder`` ran.
"""

import dataclasses
import json
import re
import resource
import sys
import time
from pathlib import Path

import duckdb

from acces_soins import registers, versioning, warehouse
from acces_soins.catalog import read_yaml

PYTHON_MODEL = "class dbtObj:"


def dbt(folder: Path, inputs: versioning.Inputs) -> dict[str, float]:
    """What a night does; seconds of each node, as dbt tells them."""
    warehouse.build(folder, inputs)
    return {node["unique_id"]: node["execution_time"] for node in results(folder)}


def bare(folder: Path, inputs: versioning.Inputs) -> dict[str, float]:
    """The same statements in the same order on one connection, with the settings of dbt's profile."""
    settings = read_yaml(warehouse.DBT_PROJECT / "profiles.yml")["acces_soins"]["outputs"]["nuit"]["settings"]
    database = folder / "nu" / warehouse.DATABASE
    database.parent.mkdir(exist_ok=True)
    database.unlink(missing_ok=True)
    statements = list(compiled(folder))
    seconds = {}
    with duckdb.connect(str(database), config={"threads": 2}) as connection:
        for name, value in settings.items():
            connection.execute(f"set {name} = '{value}'")
        warehouse.create_sources(connection)
        registers.create(connection, inputs)
        for name, statement in statements:
            started = time.perf_counter()
            run(connection, statement)
            seconds[name] = time.perf_counter() - started
    return seconds


def run(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """One statement of SQL, or the module that dbt wrote around a model in Python."""
    if PYTHON_MODEL not in statement:
        connection.execute(statement).fetchall()
        return
    module = {}
    exec(statement, module)
    relation = module["dbtObj"](lambda name: connection.query(f"select * from {name}"))
    module["materialize"](module["model"](relation, connection), connection)


def compiled(folder: Path):
    """Each node and its code, in the order in which dbt ended them."""
    manifest = json.loads((folder / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    schemas = {node["schema"] for node in manifest["nodes"].values() if node["resource_type"] != "test"}
    yield "schemas", "; ".join(f'create schema if not exists "{schema}"' for schema in sorted(schemas))
    for result in sorted(results(folder), key=lambda node: node["timing"][-1]["completed_at"]):
        node = manifest["nodes"][result["unique_id"]]
        if node["resource_type"] == "test":
            sql = f"select count(*) from ({result['compiled_code']}) as echecs"
        else:
            sql = (folder / "dbt" / "run" / node["package_name"] / node["original_file_path"]).read_text()
        # dbt makes a table beside, then gives it its name.
        yield result["unique_id"], sql.replace('__dbt_tmp"', '"')


def results(folder: Path) -> list[dict]:
    return json.loads((folder / "dbt" / "run_results.json").read_text(encoding="utf-8"))["results"]


def main(how: str, path: str, closing_date: str = "") -> None:
    folder, inputs = Path(path), versioning.current_inputs()
    if closing_date:
        inputs = dataclasses.replace(inputs, date_arrete=closing_date)
    started, used = time.perf_counter(), processor()
    nodes = {"dbt": dbt, "bare": bare}[how](folder, inputs)
    told = {"s": time.perf_counter() - started, "processeur": processor() - used}
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])
    # dbt is a child of this small process: what it inherits of its peak is nothing beside its own.
    peak = max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps(told | {"memoire": peak / 1024, "noeuds": nodes}))


def processor() -> float:
    """Processor seconds of this process and of its children."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main(*sys.argv[1:])
