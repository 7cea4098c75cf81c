"""Retention: daily stocks keep the ends of months and of quarters; manifests and chain stay whole."""

from dataclasses import replace

import duckdb
import pytest

from acces_soins import landing, ledger, proof, registers, retention
from acces_soins.errors import ConfigurationError
from acces_soins.settings import get_settings
from acces_soins.versioning import current_inputs

STOCK = "finess.etablissements"
ALD = "ameli.patients_longueduree_infra_annuelle"
KEPT = [
    "2026-01-10",  # the nearest to the end of 2025
    "2026-01-31",  # the last of its month, as the next two
    "2026-02-10",
    "2026-03-20",
    "2026-04-02",  # the nearest to the end of March
    "2026-04-28",
    "2026-05-04",  # the most recent
]
PRUNED = ["2026-01-20", "2026-04-15", "2026-05-03"]


def whole(source) -> list[str]:
    return sorted(manifest.edition for manifest in landing.manifests(source) if not manifest.pruned)


@pytest.fixture
def stock(land):
    for day in sorted(KEPT + PRUNED):
        land(STOCK, day, day.encode())


def test_a_daily_stock_keeps_the_ends_of_months_and_quarters(stock, source):
    assert retention.prune() == len(PRUNED)
    assert whole(source(STOCK)) == KEPT
    assert retention.prune() == 0


def test_the_manifest_stays_the_bytes_go_and_it_says_so(stock, source):
    retention.prune()
    gone = next(m for m in landing.manifests(source(STOCK)) if m.edition == PRUNED[0])
    assert sorted(path.name for path in gone.folder.iterdir()) == ["elague.json", "manifest.json"]
    proved = proof.prove_source(STOCK)
    assert (proved.entries, proved.checked, proved.pruned) == (len(KEPT + PRUNED), len(KEPT), len(PRUNED))
    assert proved.faults == ()
    with duckdb.connect() as connection:
        registers.create(connection, current_inputs())
        told = connection.execute(
            "select edition, octets_conserves from registre.editions order by edition"
        ).fetchall()
    assert [edition for edition, kept in told if not kept] == PRUNED


def test_a_build_never_reads_what_is_pruned(stock, source):
    retention.prune()
    every = source(STOCK)
    every = replace(every, meta=every.meta | {"editions_lues": "toutes"})
    assert [manifest.edition for manifest in landing.counting(every)] == KEPT


def test_killed_between_the_word_and_the_removal(stock, source, monkeypatch):
    monkeypatch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
    with pytest.raises(SystemExit):
        retention.prune()
    monkeypatch.undo()
    retention.prune()
    gone = next(m for m in landing.manifests(source(STOCK)) if m.edition == PRUNED[0])
    assert not (gone.folder / gone.fichier).exists()
    assert not gone.table.exists()


def test_snapshots_that_nobody_gives_back_are_all_kept(land, source):
    for day in ("2025-03-31", "2025-06-30"):
        for content in (b"a", b"b"):
            land(ALD, day, day.encode() + content)
    assert retention.prune() == 0


def test_a_missing_byte_is_still_a_fault_when_nothing_was_pruned(stock, source):
    manifest = landing.latest(source(STOCK))
    (manifest.folder / manifest.fichier).unlink()
    [fault] = proof.prove_source(STOCK).faults
    assert fault.file.endswith(manifest.fichier) and fault.found == "aucun fichier"


def test_an_unknown_rule_is_refused(source, monkeypatch):
    stock = source(STOCK)
    strange = replace(stock, meta=stock.meta | {"archivage": "parfois"})
    monkeypatch.setattr(retention, "load_sources", lambda: {STOCK: strange})
    with pytest.raises(ConfigurationError, match="archivage « parfois » inconnu"):
        retention.prune()


def test_pages_of_checks_and_logs_of_old_nights_go_and_reports_stay(monkeypatch):
    monkeypatch.setattr(retention, "KEPT_REPORTS", 2)
    reports = get_settings().reports
    (reports / "nuits").mkdir(parents=True)
    for run in ("1", "2", "3", "4", "5", "6", "7"):
        (reports / "controles" / run).mkdir(parents=True)
    for night in ("1", "3", "4"):
        ledger.append(ledger.NIGHTS, {"nuit": night})
        for name in (f"{night}Z.log", f"{night}Z.replique.log", f"{night}Z.txt"):
            (reports / "nuits" / name).touch()
    retention.prune()
    # The last two nights, and the last two runs that were none: many deposits take no night away.
    assert {path.name for path in (reports / "controles").iterdir()} == {"3", "4", "6", "7"}
    logs = sorted(path.name for path in (reports / "nuits").iterdir())
    assert logs == [
        *("1Z.txt", "3Z.log", "3Z.replique.log", "3Z.txt", "4Z.log", "4Z.replique.log", "4Z.txt"),
    ]
