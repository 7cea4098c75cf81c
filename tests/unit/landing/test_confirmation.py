"""The same bytes given again for a later period: no new edition, and the source is not late for all that."""

import datetime as dt
import os

import duckdb
import pytest

from acces_soins import archive, extraction, landing, registers, report, status, steps, versioning
from acces_soins.extraction import Download, Unchanged
from acces_soins.settings import get_settings

REGIONS = "insee.cog_regions"
BAROMETER = "ditp.barometre_ind_312"
DEMOGRAPHY = "ameli.demographie_effectifs_densites"
BYTES = b"les memes octets"


@pytest.fixture
def portal_gives(tmp_path, monkeypatch, use_settings):
    """Play one extraction, in which the portal answers what a test says of BYTES; returns its event."""
    use_settings(date="2027-08-01")

    def run(source_id, name, producer_date=None):
        def fetch(source, previous, folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(BYTES)
            return Download(folder / name, url=f"essai:{name}", producer_date=producer_date)

        monkeypatch.setattr(extraction, "fetch", fetch)
        return steps.extract(source_id, steps.open_night())

    return run


def states(source_id):
    return next(row for row in status.source_states() if row[0] == source_id)


def late(source_id):
    return [text for text in report.late_sources(dt.date(2027, 8, 1)) if text.startswith(source_id)]


def test_a_file_of_a_later_vintage_with_the_same_bytes_confirms(land, portal_gives, source):
    land(REGIONS, "2026", BYTES)
    assert "en retard" in states(REGIONS)[3] and late(REGIONS)
    event = portal_gives(REGIONS, "v_region_2027.csv")
    assert event["resultat"] == "inchange"
    assert event["phrase"] == (
        "mêmes octets que l'édition 2026, données inchangées et confirmées pour l'édition 2027"
    )
    assert [manifest.edition for manifest in landing.manifests(source(REGIONS))] == ["2026"]
    assert states(REGIONS)[1:4] == ("2026, confirmée pour 2027", "212 j (annuelle)", "06/03/2028")
    assert late(REGIONS) == []


def test_a_later_upload_confirms_a_file_without_a_date_of_its_own(land, portal_gives):
    land(BAROMETER, "2026-10-28", BYTES)
    event = portal_gives(BAROMETER, "ind-312.csv", "2027-04-29T06:00:00+00:00")
    assert event["confirme"]["edition"] == "2027-04-29"
    assert states(BAROMETER)[1] == "2026-10-28, confirmée pour 2027-04-29"


def test_a_portal_that_gives_the_hash_confirms_without_a_download(land, portal_gives, monkeypatch):
    land(BAROMETER, "2026-10-28", BYTES)
    told = Unchanged("empreinte annoncée", "ind-312.csv", "2027-04-29T06:00:00+00:00")
    monkeypatch.setattr(extraction, "fetch", lambda *_: told)
    event = steps.extract(BAROMETER, steps.open_night())
    assert event["confirme"]["edition"] == "2027-04-29"


@pytest.mark.parametrize(
    ("source_id", "edition", "name", "producer_date"),
    [
        # Its rows say the period: a new date of the portal is no new year of data.
        (DEMOGRAPHY, "2024", "demographie-effectifs-et-les-densites.csv", "2027-04-29T06:00:00+00:00"),
        (REGIONS, "2026", "v_region_2026.csv", "2027-04-29T06:00:00+00:00"),
        (REGIONS, "2026", "regions.csv", None),
        (REGIONS, "2026", "v_region_2099.csv", None),
        (BAROMETER, "2026-10-28", "ind-312.csv", "2026-10-28T09:00:00+00:00"),
    ],
)
def test_what_says_no_later_period_confirms_nothing(
    land, portal_gives, source_id, edition, name, producer_date
):
    land(source_id, edition, BYTES)
    event = portal_gives(source_id, name, producer_date)
    assert event["resultat"] == "inchange" and "confirme" not in event
    assert states(source_id)[1] == edition


def test_the_bytes_of_an_older_edition_confirm_nothing(land, portal_gives):
    land(REGIONS, "2025", BYTES)
    land(REGIONS, "2026", b"autres")
    event = portal_gives(REGIONS, "v_region_2027.csv")
    assert event["nature"] == "recul" and "confirme" not in event


def test_a_partner_who_leaves_the_same_list_for_the_next_year_confirms_it(land, use_settings):
    use_settings(date="2027-08-01")
    land("ministere.zones_rouges", "2025", BYTES)
    left = get_settings().drop_box / "ministere.zones_rouges" / "2026" / "liste.csv"
    left.parent.mkdir(parents=True)
    left.write_bytes(BYTES)
    os.utime(left, (0, 0))  # its arrival is long over
    (event,) = steps.take_deposits()
    answer = left.with_name("liste.csv.accuse.json").read_text(encoding="utf-8")
    assert '"deja_recu"' in answer and "confirmées pour l'édition 2026" in answer
    assert event["confirme"]["edition"] == "2026"
    assert not left.exists()


def test_a_new_edition_ends_a_confirmation(land, portal_gives):
    land(REGIONS, "2026", BYTES)
    portal_gives(REGIONS, "v_region_2027.csv")
    assert archive.confirmations() == {f"{REGIONS}/2026": "2027"}
    land(REGIONS, "2028", b"autres")
    assert archive.confirmations() == {}


def test_a_confirmation_is_an_input_of_the_build_and_reaches_the_freshness(land, portal_gives):
    land(REGIONS, "2026", BYTES)
    before = versioning.current_inputs()
    portal_gives(REGIONS, "v_region_2027.csv")
    after = versioning.current_inputs()
    assert after.editions == before.editions and after.fingerprint != before.fingerprint
    with duckdb.connect() as connection:
        registers.create(connection, after)
        rows = connection.execute(
            f"select edition, confirmee_au, attendue_le from registre.editions where source = '{REGIONS}'"
        ).fetchall()
    assert rows == [("2026", dt.date(2027, 1, 1), dt.date(2028, 3, 6))]
