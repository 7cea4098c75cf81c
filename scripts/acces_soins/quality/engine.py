"""The only module that talks to Great Expectations: frames in, verdicts and Data Docs out.

Great Expectations is fed pandas batches (Arrow-backed) read from DuckDB, because its SQLAlchemy
engine does not work on DuckDB; this module is where a native engine would replace them.
"""

import datetime as dt
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import duckdb

from acces_soins import french
from acces_soins.errors import ConfigurationError, RefusedInput
from acces_soins.quality.pages import add_suite, write_index
from acces_soins.quality.results import (
    CRITICAL,
    FAILED,
    MAX_EXAMPLES,
    PASSED,
    CheckResult,
    describe,
    place_of,
    sample,
)
from acces_soins.quality.suites import Check
from acces_soins.settings import get_settings

if TYPE_CHECKING:
    import pandas as pd

NATIVE_SEVERITY = {"critique": "critical", "avertissement": "warning"}
DOMAIN_ARGUMENTS = ("column", "column_A", "column_B", "column_list")
_SITE, STORES = "controles", "great_expectations"
VIEW = {"module_name": "acces_soins.quality.data_docs", "class_name": "OfflineView"}


def docs_folder(run: str) -> Path:
    """Folder of a run: ``index.html`` and ``resultats/`` (ours), ``data_docs/`` (of Great Expectations)."""
    return get_settings().reports / "controles" / run


def run_checks(
    checks: list[Check], connection: duckdb.DuckDBPyConnection, run: str, suite: str, file_name: str
) -> list[CheckResult]:
    """Judge every check and keep the verdicts; ``write_docs`` makes the run's Data Docs of them.

    Args:
        checks: concrete checks, in the order of their suite.
        connection: where their queries run; its views are those that the border prepared.
        run: id of the night or of the command.
        suite: name of the suite, as shown (``landing/ameli.xxx``).
        file_name: the file or table that the sentences name.

    Raises:
        ConfigurationError: a check names an expectation or an argument that does not exist.
    """
    context = _context(run)
    expectations = [_expectation(check) for check in checks]
    source = context.data_sources.add_pandas("duckdb")
    batches = source.add_dataframe_asset("requete").add_batch_definition_whole_dataframe("tout")
    verdicts = [
        _judge(batches, check, expectation, connection)
        for check, expectation in zip(checks, expectations, strict=True)
    ]
    results = [
        _result(check, verdict, frame, run, suite, file_name)
        for check, (verdict, frame) in zip(checks, verdicts, strict=True)
    ]
    add_suite(docs_folder(run), suite, results, _keep(context, run, suite, verdicts))
    return results


def write_docs(run: str) -> None:
    """Write the Data Docs of every suite of a run, all at once: each build compiles its templates again.

    The stores that they are built from go then: they are a third of the run's folder, and of no other use.
    """
    folder = docs_folder(run)
    if (folder / STORES).exists():
        _context(run).build_data_docs(site_names=[_SITE])
        shutil.rmtree(folder / STORES)
        write_index(folder)


def _great_expectations():
    """Import Great Expectations quietly: seven seconds and two hundred log lines otherwise."""
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    import great_expectations

    return great_expectations


def _context(run: str):
    gx = _great_expectations()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        FilesystemStoreBackendDefaults,
        ProgressBarsConfig,
    )

    folder = docs_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    defaults = FilesystemStoreBackendDefaults(root_directory=folder / STORES)
    defaults.data_docs_sites = {
        _SITE: {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder / "data_docs"),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": VIEW},
            "site_section_builders": {"expectations": {"view": VIEW}, "validations": {"view": VIEW}},
        }
    }
    config = DataContextConfig(
        store_backend_defaults=defaults,
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _expectation(check: Check):
    gx = _great_expectations()
    kind = getattr(gx.expectations, check.type, None)
    if kind is None:
        raise ConfigurationError(f"contrôle « {check.name} » : l'attente « {check.type} » n'existe pas.")
    try:
        return kind(
            **check.arguments,
            severity=NATIVE_SEVERITY[check.severity],
            description=f"{check.name} : {check.expected}",
            meta={"controle": check.name, "que_faire": check.action},
        )
    except ValueError as error:
        raise ConfigurationError(f"contrôle « {check.name} » : paramètres refusés : {error}") from error


def _judge(batches, check: Check, expectation, connection) -> tuple:
    """(validation result, frame or None). A query that fails is a crash, so a critical failure."""
    try:
        table = connection.execute(check.query).to_arrow_table()
    except duckdb.Error as error:
        return _crashed(expectation, error), None
    import pandas as pd

    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    domain = _domain(check)
    keys = [name for name in frame.columns if name not in domain]
    result_format = {"result_format": "SUMMARY", "partial_unexpected_count": MAX_EXAMPLES}
    if keys:
        result_format["unexpected_index_column_names"] = keys
    verdict = batches.get_batch({"dataframe": frame}).validate(expectation, result_format=result_format)
    return verdict, frame


def _domain(check: Check) -> set[str]:
    names = [check.arguments.get(name) for name in DOMAIN_ARGUMENTS]
    return {n for name in names if name for n in (name if isinstance(name, list) else [name])}


def _crashed(expectation, error: Exception):
    from great_expectations.core import ExpectationValidationResult

    return ExpectationValidationResult(
        success=False,
        expectation_config=expectation.configuration,
        result={},
        exception_info={
            "raised_exception": True,
            "exception_traceback": "",
            "exception_message": str(error),
        },
    )


def _crash_message(verdict) -> str | None:
    """The first line of what an expectation raised; Great Expectations nests it by metric or not."""
    info = verdict.exception_info or {}
    for part in [info, *(v for v in info.values() if isinstance(v, dict))]:
        if part.get("raised_exception"):
            return (str(part.get("exception_message") or "erreur").splitlines() or ["erreur"])[0]
    return None


def _result(check: Check, verdict, frame, run: str, suite: str, file_name: str) -> CheckResult:
    crash = _crash_message(verdict)
    examples = [] if crash or verdict.success else _examples(check, verdict.result, frame)
    if crash:
        observed = f"le contrôle n'a pas pu être fait : {crash}"
    else:
        observed = describe(verdict.result, examples)
        count = verdict.result.get("observed_value")
        if check.observed and count is not None:
            observed = f"{observed} {french.agreed(check.observed, count)}{sample(examples)}"
    sentence = RefusedInput(
        file=file_name,
        place=place_of(examples, check.place),
        expected=check.expected,
        found=observed,
        action=check.action,
    )
    return CheckResult(
        run=run,
        suite=suite,
        controle=check.name,
        severite=CRITICAL if crash else check.severity,
        attendu=check.expected,
        observe=observed,
        resultat=PASSED if verdict.success else FAILED,
        exemples=examples,
        phrase=str(sentence),
        reserve=check.reserved,
        lieu=sentence.place,
        que_faire=check.action,
    )


def _examples(check: Check, result: dict, frame: "pd.DataFrame") -> list[dict]:
    """A few offending rows: those that the expectation names, or the first ones; all of a reserved check."""
    if check.reserved:
        return [_plain(row) for row in frame.to_dict("records")]
    if rows := (result.get("partial_unexpected_index_list") or [])[:MAX_EXAMPLES]:
        # A frame without key columns is indexed by position.
        positions = [row for row in rows if isinstance(row, int)]
        return [_plain(row) for row in (frame.iloc[positions].to_dict("records") if positions else rows)]
    if missing := result.get("partial_missing_list"):
        return [{check.arguments["column"]: value} for value in missing[:MAX_EXAMPLES]]
    if check.type.startswith("ExpectTableColumns"):
        return []
    return [_plain(row) for row in frame.head(MAX_EXAMPLES).to_dict("records")]


def _plain(row: dict) -> dict:
    """A JSON-ready copy: missing values become None, dates become ISO text."""
    import pandas as pd

    plain = {}
    for name, value in row.items():
        if isinstance(value, (list, tuple)):
            plain[name] = list(value)
        elif pd.isna(value):
            plain[name] = None
        else:
            plain[name] = value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value
    return plain


def _keep(context, run: str, suite: str, verdicts: list[tuple]) -> Path:
    """Add one validation (a suite and its verdicts) to the run's stores; returns where its page will be."""
    from great_expectations.core import ExpectationSuite, ExpectationSuiteValidationResult
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    name = suite.replace("/", ".")
    results = [verdict for verdict, _ in verdicts]
    passed = sum(bool(r.success) for r in results)
    run_id = RunIdentifier(run_name=run)
    validation = ExpectationSuiteValidationResult(
        success=passed == len(results),
        results=results,
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100.0 * passed / len(results) if results else None,
        },
        meta={
            "run_id": run_id.to_json_dict(),
            "great_expectations_version": _great_expectations().__version__,
        },
    )
    context.suites.add_or_update(
        ExpectationSuite(name=name, expectations=[r.expectation_config.to_domain_obj() for r in results])
    )
    key = ValidationResultIdentifier(
        expectation_suite_identifier=ExpectationSuiteIdentifier(name=name),
        run_id=run_id,
        batch_identifier="donnees",
    )
    context.validation_results_store.set(key, validation)
    (site,) = context.get_docs_sites_urls(resource_identifier=key, only_if_exists=False, site_names=[_SITE])
    return Path(unquote(urlsplit(site["site_url"]).path))
