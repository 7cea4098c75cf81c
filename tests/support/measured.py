"""One reader on one file, in a process of its own: ``python measured.py <reader> <source> <file>``.

Prints one line of JSON: seconds, processor seconds, peak memory in MB, rows. What is imported is not counted.
"""

import importlib
import json
import os
import re
import sys
import time
from pathlib import Path

THREADS = 2


def ours(source, path: Path, target: Path) -> int:
    """What a reception does with a file: its hash, its table, its contract."""
    from acces_soins import landing, readers

    landing.sha256_of(path)
    return readers.read(readers.Request(source, path, path.name), target).rows


def ours_json(source, path: Path, target: Path) -> int:
    """Its table and its contract: the hash is that of the packed file, twenty times smaller."""
    from acces_soins import readers

    return readers.read(readers.Request(source, path, path.name), target).rows


def ours_array(source, path: Path, target: Path) -> int:
    """The same, where the file is the list itself and not the object that holds it."""
    from dataclasses import replace

    inner = source.reading["enregistrements"].partition(".")[2]
    reading = source.reading | {"enregistrements": f".{inner}"}
    return ours_json(replace(source, meta=source.meta | {"lecture": reading}), path, target)


def floor_csv(source, path: Path, target: Path) -> int:
    """The same bytes as text, by DuckDB, without any check."""
    import duckdb

    delimiter = "|" if source.reading.get("guillemets") is False else ";"
    with duckdb.connect(config={"threads": THREADS}) as connection:
        rows = f"read_csv('{path}', all_varchar = true, delim = '{delimiter}', header = true)"
        return connection.execute(f"copy (from {rows}) to '{target}' (format parquet)").fetchone()[0]


def floor_json(source, path: Path, target: Path) -> int:
    """The same rows and columns, by DuckDB with the explicit schema of the fields that the contract reads."""
    from national import duckdb_schema

    rows = f"read_json('{path}', format = 'array', columns = {duckdb_schema(source)})"
    return _by_duckdb(source, rows, target)


def duckdb_object(source, path: Path, target: Path) -> int:
    """The same where the list is in an object: one value for DuckDB, which holds it whole."""
    from national import duckdb_schema

    told = (
        f"columns = {duckdb_schema(source, in_object=True)}, maximum_object_size = {2 * path.stat().st_size}"
    )
    outer = source.reading["enregistrements"].split(".")[0]
    rows = (
        f"(select unnest({outer}, max_depth := 2) from read_json('{path}', format = 'unstructured', {told}))"
    )
    return _by_duckdb(source, rows, target)


def _by_duckdb(source, rows: str, target: Path) -> int:
    import duckdb

    lists = source.reading["enregistrements"].split(".")[1:]
    for level, name in enumerate(lists, start=1):
        rows = f"(select *, unnest({f'r{level - 1}.' if level > 1 else ''}{name}) as r{level} from {rows})"
    columns = []
    for column in source.columns:
        level = len(lists) - column.header.count("../")
        place = column.header.replace("../", "")
        columns.append(f"{f'r{level}.' if level else ''}{place} as {column.name}")
    with duckdb.connect(config={"threads": THREADS}) as connection:
        query = f"copy (select {', '.join(columns)} from {rows}) to '{target}' (format parquet)"
        return connection.execute(query).fetchone()[0]


def pandas(source, path: Path, target: Path) -> int:
    import pandas as pd

    delimiter = "|" if source.reading.get("guillemets") is False else ";"
    frame = pd.read_csv(path, sep=delimiter, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    frame.to_parquet(target)
    return len(frame)


def pandas_json(source, path: Path, target: Path) -> int:
    """One row per record, with the fields of what holds it that the contract reads."""
    import pandas as pd

    lists = source.reading["enregistrements"].split(".")[1:]
    above = []
    for column in source.columns:
        if levels := column.header.count("../"):
            above.append([*lists[: len(lists) - levels], column.header.replace("../", "")])
    frame = pd.json_normalize(json.loads(path.read_bytes()), lists, above, errors="ignore")
    frame.astype("string").to_parquet(target)
    return len(frame)


def dlt(source, path: Path, target: Path) -> int:
    """Arrow batches through a dlt pipeline to Parquet files."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    counted = 0

    def batches():
        nonlocal counted
        delimiter = "|" if source.reading.get("guillemets") is False else ";"
        with path.open(encoding="utf-8-sig") as stream:
            names = [name or "fin" for name in stream.readline().rstrip("\r\n").split(delimiter)]
        reading = pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=8 << 20)
        conversion = pacsv.ConvertOptions(column_types={name: pa.string() for name in names})
        parsing = pacsv.ParseOptions(delimiter=delimiter)
        for batch in pacsv.open_csv(path, reading, parsing, conversion):
            counted += batch.num_rows
            yield pa.Table.from_batches([batch])

    _through_dlt(batches, target)
    return counted


def dlt_json(source, path: Path, target: Path) -> int:
    """Elements through a dlt pipeline, which makes a table of each list that they hold."""
    normalised = _through_dlt(lambda: json.loads(path.read_bytes()), target)
    lists = source.reading["enregistrements"].split(".")[1:]
    # dlt writes names in snake case, a double underscore between a list and the one within.
    name = "__".join(["lignes", *(re.sub(r"(?=[A-Z])", "_", each).lower() for each in lists)])
    return normalised[name]


def _through_dlt(rows, target: Path) -> dict[str, int]:
    """Rows by table, as the pipeline counted them."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    import dlt as library

    destination = library.destinations.filesystem(bucket_url=target.parent.as_uri())
    pipeline = library.pipeline(
        "banc", pipelines_dir=str(target.parent / "dlt"), destination=destination, dataset_name="banc"
    )
    pipeline.run(library.resource(rows, name="lignes"), loader_file_format="parquet")
    return pipeline.last_trace.last_normalize_info.row_counts


# DuckDB imports pandas when it meets an Arrow table: once a night, not once a file.
READERS = {
    "ours": (ours, ["acces_soins.landing", "acces_soins.readers", "duckdb", "pandas"]),
    "ours_json": (ours_json, ["acces_soins.readers", "duckdb"]),
    "ours_array": (ours_array, ["acces_soins.readers", "duckdb"]),
    "floor_csv": (floor_csv, ["duckdb"]),
    "floor_json": (floor_json, ["duckdb"]),
    "duckdb_object": (duckdb_object, ["duckdb"]),
    "pandas": (pandas, ["pandas", "pyarrow.parquet"]),
    "pandas_json": (pandas_json, ["pandas", "pyarrow.parquet"]),
    "dlt": (dlt, ["dlt", "pyarrow.csv", "pyarrow.parquet"]),
    "dlt_json": (dlt_json, ["dlt", "pyarrow.parquet"]),
}


def main(reader: str, source_id: str, file: str) -> None:
    from acces_soins.catalog import get_source
    from national import as_read

    path = Path(file)
    target = path.parent / f"{reader}.parquet"
    read, modules = READERS[reader]
    for module in modules:
        importlib.import_module(module)
    source = as_read(get_source(source_id))
    start, used = time.perf_counter(), time.process_time()
    rows = read(source, path, target)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    # Not ru_maxrss: a child inherits the peak of the process that started it.
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
    print(json.dumps({"s": seconds, "processeur": processor, "memoire": peak, "lignes": rows}))


if __name__ == "__main__":
    main(*sys.argv[1:])
