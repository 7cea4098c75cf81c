"""One figure in words: value, date, status, change, comparisons, target, rank."""

import datetime as dt
from collections.abc import Iterable, Mapping

from acces_soins import french
from acces_soins.formats.about import STATUSES, UNSETTLED
from acces_soins.french import MINUS

NONE = "–"
REVISIONS_SHOWN = 2
HIDDEN = ("masque", "non_disponible", "hors_champ", "perime")
TRENDS = {"hausse": "tendance à la hausse", "baisse": "tendance à la baisse", "stable": "tendance stable"}


def describe(row: dict, target: dict | None) -> dict:
    """A line of the table of key figures.

    Args:
        row: a row of ``fiche_departement`` with its catalogue entry and comparisons.
        target: France's target for this indicator, if there is one.
    """
    return {
        "code": row["code_indicateur"],
        "label": row["libelle_indicateur"],
        "unit": row["unite"],
        "value": with_unit(row["valeur_texte"], row) if row["valeur"] is not None else row["valeur_texte"],
        "state": state(row),
        "date": f"{row['date_reference']:%d/%m/%Y}" if row["valeur"] is not None else "",
        "status": status(row),
        "change": change(row),
        "since": f"depuis le {row['date_reference_precedente']:%d/%m/%Y}" if change(row) else "",
        "trend": TRENDS.get(row["tendance"], ""),
        "region": compared(row["valeur_region_texte"], row["date_region"], row),
        "france": compared(row["valeur_france_texte"], row["date_france"], row),
        "similar": compared(row["mediane_semblables_texte"], None, row),
        "position": row["position"] or "",
        "rank": ordinal(row["rang"]) if row["rang"] else NONE,
        "ranked": f"sur {row['nb_classes']}" if row["rang"] else "",
        "move": move(row["evolution_rang"]) if row["rang"] else "",
        "target": target_in_words(row, target),
    }


def state(row: dict) -> str:
    """The status, or ``ancien`` for a figure that is too old for the last quarter: the last one known."""
    if row["valeur"] is None:
        return row["statut"]
    cap_reached = row["statut"] == "reporte" and row["trimestre"] < row["dernier_trimestre"]
    return "ancien" if cap_reached else row["statut"]


def status(row: dict) -> str:
    """« reporté, provisoire »; nothing for an observed figure, nor for a cell without one."""
    if row["valeur"] is None:
        return ""
    words = {"observe": "", "ancien": "ancien"}.get(state(row), STATUSES[row["statut"]].label.lower())
    if row["statut"] == "reporte" and row["statut_point"] in UNSETTLED:
        words += f", {STATUSES[row['statut_point']].label.lower()}"
    return words


def with_unit(text: str, row: dict) -> str:
    """« 5,2 % »; other units stand beside the label."""
    return f"{text}\u202f%" if row["unite"] == "%" else text


def compared(text: str | None, date: dt.date | None, row: dict) -> dict:
    """A comparison, with its own date where it is not the département's."""
    if text is None:
        return {"value": NONE, "date": ""}
    other = date is not None and row["date_reference"] is not None and date != row["date_reference"]
    return {"value": with_unit(text, row), "date": f"{date:%d/%m/%Y}" if other else ""}


def change(row: dict) -> str:
    """« +13 », « −0,3 pt »; a change that rounds to zero has no sign."""
    text = row["evolution_texte"]
    if not text:
        return ""
    shown = text if text.strip(f"+{MINUS}0,") else text.lstrip(f"+{MINUS}")
    return f"{shown}\u202fpt" if row["unite"] == "%" else shown


def change_in_words(row: dict) -> dict:
    """« +2 contrats, à 43, entre le 31/03/2026 et le 30/06/2026 »."""
    unit = "%" if row["unite"] == "%" else ""
    return {
        "label": row["libelle"],
        "change": french.number(row["evolution"], row["decimales"], signed=True)
        + ("\u00a0point" if unit and abs(row["evolution"]) < 2 else "\u00a0points" if unit else ""),
        "value": french.number(row["valeur"], row["decimales"]) + (f"\u202f{unit}" if unit else ""),
        "dates": f"{row['date_reference_precedente']:%d/%m/%Y}\u00a0→\u00a0{row['date_reference']:%d/%m/%Y}",
    }


def usual_revisions(rows: Iterable[dict], names: Mapping[str, str]) -> str:
    """How much the provisional or estimated figures of a sheet usually move once they are confirmed.

    ``names``: code → name of the indicator inside a sentence. Nothing to say where no figure is unsettled.
    """
    unsettled = [
        row
        for row in rows
        if row["valeur"] is not None
        and (row["statut_point"] if row["statut"] == "reporte" else row["statut"]) in UNSETTLED
    ]
    if not unsettled:
        return ""
    start = "Révision habituelle des chiffres provisoires\u00a0:"
    measured = [row for row in unsettled if row["revision_p90"] is not None]
    if not measured:
        return f"{start} pas encore mesurée."
    told = "\u00a0; ".join(
        f"{names[row['code_indicateur']]}, {french.number(row['revision_mediane'], row['decimales'])} "
        f"({french.number(row['revision_p90'], row['decimales'])} au plus neuf fois sur dix)"
        for row in measured[:REVISIONS_SHOWN]
    )
    return f"{start} {told}."


def ordinal(rank: int) -> str:
    """« 1er », « 59e »."""
    return f"{rank}er" if rank == 1 else f"{rank}e"


def move(places: int | None) -> str:
    """Places won since the comparable point before; nothing where there is none."""
    if places is None:
        return ""
    if places == 0:
        return "inchangé"
    return f"{'+' if places > 0 else MINUS}{abs(places)} {french.agreed('place(s)', places)}"


def target_in_words(row: dict, national: dict | None) -> str:
    """The département's own target if it has one, France's otherwise, said to be France's."""
    if row["cible"] is not None:
        return _target("Objectif", row, row, pace=False)
    if national is not None:
        return _target("Objectif pour la France", row, national, pace=national["rythme"])
    return ""


def _target(name: str, row: dict, target: dict, pace: bool) -> str:
    unit = "\u202f%" if row["unite"] == "%" else ""
    text = f"{name}\u00a0: {_round(target['cible'], row['decimales'])}{unit}"
    if target["echeance"]:
        text += f" au {target['echeance']:%d/%m/%Y}"
    elif pace:
        text += " à ce jour, au rythme fixé"
    if target["distance_cible"] is None:
        return text
    if target["distance_cible"] <= 0:
        return f"{text} (atteint)"
    rest = _round(target["distance_cible"], row["decimales"])
    points = ("\u00a0point" if target["distance_cible"] < 2 else "\u00a0points") if unit else ""
    return f"{text} (reste {rest}{points})"


def _round(value: float, decimals: int) -> str:
    """With the decimals of the indicator, or none where they are all zero: « 2 », « 13,1 »."""
    return french.number(value, 0 if round(value, decimals) == round(value) else decimals)
