"""The spread of the APL between the communes of a département."""

from collections.abc import Sequence

from acces_soins import french
from acces_soins.factsheets import charts

VINTAGES_SHOWN = 3
THRESHOLD = 2.5


def describe(rows: Sequence[dict], figure: dict | None) -> dict | None:
    """Strips of the last vintages of one method, or None where the producer has no APL.

    Args:
        rows: rows of ``dispersion_apl`` for the département, by date.
        figure: its key figure ``apl_mg``, for France's value.
    """
    if not rows:
        return None
    last = rows[-1]
    shown = [row for row in rows if row["version_methode"] == last["version_methode"]][-VINTAGES_SHOWN:]
    low, high, ticks = charts.scale(
        [0.0, THRESHOLD, *(row[name] for row in shown for name in ("apl_min", "apl_max"))], wanted=6
    )
    return {
        "vintages": [_vintage(row) for row in shown],
        "low": low,
        "high": high,
        "ticks": [{"at": tick, "text": french.number(tick, 0 if tick == int(tick) else 1)} for tick in ticks],
        "threshold": THRESHOLD,
        "sentence": _sentence(last),
        "extremes": _extremes(last),
        "france": figure["valeur_france_texte"] if figure else None,
        "date": french.date(last["date_reference"]),
    }


def _cut(code: str) -> str:
    """The producer cuts three communes into arrondissements."""
    return " ou arrondissements" if code in ("13", "69", "75") else ""


def _vintage(row: dict) -> dict:
    names = ("apl_min", "apl_p10", "apl_mediane", "apl_p90", "apl_max")
    return {
        "year": str(row["date_reference"].year),
        **{name.removeprefix("apl_"): row[name] for name in names},
        "share": f"{french.number(row['part_pop_apl_inf_2_5'], 1)}\u202f%",
    }


def _sentence(row: dict) -> str:
    p10, median, p90 = (french.number(row[name], 2) for name in ("apl_p10", "apl_mediane", "apl_p90"))
    share = french.number(row["part_pop_apl_inf_2_5"], 1)
    return (
        f"Un habitant sur dix vit dans une commune où l'APL ne dépasse pas {p10}\u00a0; un sur deux, "
        f"{median}\u00a0; neuf sur dix, {p90}. {share}\u202f% des habitants vivent sous 2,5."
    )


def _extremes(row: dict) -> str:
    low, high = french.number(row["apl_min"], 2), french.number(row["apl_max"], 2)
    return (
        f"De {low} ({row['libelle_commune_min']}) à {high} ({row['libelle_commune_max']}), "
        f"pour {french.number(row['nb_communes'], 0)} communes{_cut(row['code_territoire'])}."
    )
