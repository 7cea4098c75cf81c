"""A quarter frozen twice around a real revision: IND-312 of the baromètre, its June and its October file."""

import duckdb
import pytest

from acces_soins import comparison, deposits, history, publication, releases, steps, versioning, warehouse
from acces_soins.settings import get_settings

pytestmark = [pytest.mark.extraits, pytest.mark.long]
SOURCE, INDICATOR = "ditp.barometre_ind_312", "taux_ald_avec_mt_barometre"
BEFORE, AFTER = "2024-06-25", "2024-10-09"


@pytest.fixture
def land(extraits, use_settings):
    """Land the file of one edition, build and serve what it gives; returns the version."""
    use_settings(sources="direct", date="2024-10-15")
    given = {each.edition: each for each in deposits.indexed(extraits, deposits.get_source(SOURCE))}

    def run(edition: str) -> dict:
        steps.deposit(given[edition])
        inputs = versioning.current_inputs()
        folder = warehouse.work_folder(f"nuit-{edition}")
        database = warehouse.build(folder, inputs)
        version = publication.publish(database, inputs, warehouse.published_relations(), [], edition)
        history.record(version)
        return version

    return run


def freeze(reasons: str | None = None) -> dict:
    proposal = releases.propose("2024T3", reasons)
    return releases.freeze(proposal["publication"], "Camille Essai")


def folder(release: dict):
    return get_settings().releases / release["publication"]


def content(path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def rows(release: dict, query: str) -> list[tuple]:
    with duckdb.connect(str(folder(release) / "entrepot.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def figures(release: dict) -> dict[tuple, float | None]:
    found = rows(
        release,
        "select niveau, code_territoire, trimestre, valeur from marts.indicateurs_trimestriels "
        f"where code_indicateur = '{INDICATOR}'",
    )
    return {row[:3]: row[3] for row in found}


def test_r1_explains_each_value_that_it_changed_and_leaves_r0_as_it_was(land):
    first_version = land(BEFORE)
    r0 = freeze()
    frozen_bytes = content(folder(r0))
    land(AFTER)
    r1 = freeze("La DITP a publié à nouveau IND-312, valeurs arrondies.")
    assert (r0["publication"], r1["publication"], r1["corrige"]) == ("2024T3-r0", "2024T3-r1", "2024T3-r0")
    assert content(folder(r0)) == frozen_bytes

    old, new = figures(r0), figures(r1)
    changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    # Eure-et-Loir, September 2022: as in the two files.
    assert old["departement", "28", "2022T3"] == pytest.approx(92.450758)
    assert new["departement", "28", "2022T3"] == pytest.approx(92.45)
    told = rows(
        r1,
        "select niveau, code_territoire, trimestre, ancienne, nouvelle, raison, publication_ancienne "
        f"from marts.revisions where code_indicateur = '{INDICATOR}'",
    )
    assert {row[:3] for row in told} == changed and len(changed) >= 119
    assert all((old[row[:3]], new[row[:3]]) == row[3:5] for row in told)
    assert {row[5:] for row in told} == {("source_revisee", first_version["version"])}

    report = comparison.compare(*(comparison.read_side(folder(release)) for release in (r0, r1)))
    assert [(row["raison"], row["code_indicateur"]) for row in report["revisions"]] == [
        ("source_revisee", INDICATOR)
    ]
    assert [(row["source"], row["edition"], row["nature"]) for row in report["editions"]] == [
        (SOURCE, AFTER, "nouvelle")
    ]
    for release in (r0, r1):
        assert releases.verify(release["publication"])

    # The next version knows of both: the calendar is made of what was frozen.
    assert versioning.current_inputs().figees == ["2024T3-r0", "2024T3-r1"]
