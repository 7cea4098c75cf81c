"""The comparison of two publications as a French page: Markdown, and the same in HTML."""

import datetime as dt
from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt

from acces_soins import comparison, french
from acces_soins.formats.about import STATUS_WORDS

NATURES = {
    comparison.REVISED: "valeurs révisées",
    comparison.WITHDRAWN: "valeurs retirées ou masquées",
    comparison.APPEARED: "valeurs apparues là où il n'y en avait pas",
    comparison.REFRESHED: "valeurs reportées, remplacées par un chiffre plus récent",
    comparison.STATUS: "statuts ou motifs changés, sans autre valeur",
    comparison.ADDED: "points ajoutés (trimestres, territoires ou indicateurs nouveaux)",
    comparison.REMOVED: "points supprimés",
    "inchangee": "points inchangés",
}
REASONS = {
    "source_revisee": "un fichier reçu a changé",
    "correction": "une erreur de producteur est corrigée ici",
    "methode": "le calcul a changé",
    "secret": "le secret statistique couvre désormais ce chiffre",
    None: "inexpliquée par les publications de l'intervalle",
}
EDITIONS = {"nouvelle": "nouvelle", "revisee": "révisée", "retiree": "ne compte plus"}
LEVELS = {"departement": "département", "region": "région", "france": "France"}
TRIAL = "**Données d'essai : tous les chiffres de ce rapport sont fictifs.**"
MOST_DECIMALS = 6

_PAGE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: system-ui, sans-serif; line-height: 1.5; max-width: 70rem; margin: 2rem auto;
  padding: 0 1rem; color: #161616; background: #fff; }}
table {{ border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto; }}
th, td {{ border: 1px solid #666; padding: .25rem .6rem; text-align: left; }}
th {{ background: #eee; }}
</style>
</head>
<body>
<main>
{content}</main>
</body>
</html>
"""


def title(told: dict) -> str:
    """« 2026T3-r0 comparée à 2026T2-r0 »."""
    old = told["ancienne"]
    return told["nouvelle"]["nom"] + (f" comparée à {old['nom']}" if old else ", première publication")


def counts(told: dict) -> list[tuple[str, int]]:
    """How many points of the series moved, and how: what did not happen is left out."""
    return [(name, told["resume"][nature]) for nature, name in NATURES.items() if told["resume"][nature]]


def summary(told: dict, notes: Sequence[str] = ()) -> str:
    """The heart of the report, in Markdown, for whoever must answer: what is compared and the counts."""
    return _joined(_opening(told, notes), _counts(told), _warnings(told), _reasons(told))


def markdown(told: dict, notes: Sequence[str] = ()) -> str:
    """The whole report of what ``comparison.compare`` gives; ``notes`` are French sentences put first."""
    return _joined(
        f"# {title(told)}",
        _opening(told, notes),
        _counts(told),
        _warnings(told),
        _reasons(told),
        _largest(told),
        _france(told),
        _series("Séries nouvelles", told["series_nouvelles"]),
        _series("Séries arrêtées", told["series_arretees"]),
        _editions(told),
        _methods(told),
        _tables(told),
    )


def html(told: dict, notes: Sequence[str] = ()) -> str:
    """The same report as a page that needs neither server nor network."""
    # Data are text: nothing in them is taken for HTML.
    content = MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown(told, notes))
    return _PAGE.format(title=title(told), content=content)


def _opening(told: dict, notes: Sequence[str]) -> str:
    old, new = told["ancienne"], told["nouvelle"]
    lines = [f"- Nouvelle : {_side(new)}"]
    lines.insert(0, f"- Ancienne : {_side(old)}" if old else "- Ancienne : aucune, rien n'a encore été figé")
    lines += [f"- {note}" for note in notes]
    return _joined(TRIAL if told["essai"] else "", "\n".join(lines))


def _side(side: dict) -> str:
    published = dt.datetime.fromisoformat(side["publie_le"])
    closing = dt.date.fromisoformat(side["date_arrete"])
    version = "" if side["version"] == side["nom"] else f", version {side['version']}"
    return f"{side['nom']}{version}, du {published:%d/%m/%Y}, trimestres arrêtés au {closing:%d/%m/%Y}"


def _counts(told: dict) -> str:
    if told["identiques"]:
        return "## En bref\n\nAucun chiffre, aucun statut, aucune définition n'a changé."
    rows = [(name, french.number(count)) for name, count in counts(told)]
    return _joined("## En bref", _table(("Points des séries", "Nombre"), rows))


def _reasons(told: dict) -> str:
    totals: dict[str | None, int] = {}
    for row in told["revisions"]:
        totals[row["raison"]] = totals.get(row["raison"], 0) + row["nb"]
    if not totals:
        return ""
    rows = [
        (REASONS[reason], french.number(total), ", ".join(_codes_of(told["revisions"], reason)))
        for reason, total in totals.items()
    ]
    return _joined("## Révisions, par raison", _table(("Raison", "Valeurs", "Indicateurs"), rows))


def _warnings(told: dict) -> str:
    """What the checks found without stopping anything: whoever approves must have seen it."""
    found = told["avertissements"]
    if not found:
        return "Aucun contrôle n'a donné d'avertissement."
    rows = [(f"`{line['controle']}`", line["attendu"], line["observe"] or "") for line in found]
    return _joined("## Avertissements des contrôles", _table(("Contrôle", "Attendu", "Trouvé"), rows))


def _codes_of(revisions: list[dict], reason: str | None) -> list[str]:
    return [
        f"{row['code_indicateur']} ({french.number(row['nb'])})"
        for row in revisions
        if row["raison"] == reason
    ]


def _largest(told: dict) -> str:
    moved = [indicator for indicator in told["indicateurs"] if indicator["plus_forts"]]
    if not moved:
        return ""
    parts = ["## Plus forts changements, par indicateur"]
    for indicator in moved:
        rows = [_change(row, indicator["decimales"]) for row in indicator["plus_forts"]]
        headers = ("Territoire", "Trimestre", "Avant", "Après", "Écart", "Écart en %", "Raison")
        parts += [f"### {_name(indicator)}", _table(headers, rows)]
    return _joined(*parts)


def _change(row: dict, decimals: int | None) -> tuple[str, ...]:
    before, after = _pair(row["ancienne"], row["nouvelle"], decimals or 0)
    digits = len(before.partition(",")[2])
    return (
        f"{row['libelle_territoire']} ({LEVELS[row['niveau']]})",
        row["trimestre"],
        f"{before} {_status(row['statut_ancien'], row['motif_ancien'])}",
        f"{after} {_status(row['statut_nouveau'], row['motif_nouveau'])}",
        "" if row["ecart"] is None else french.number(row["ecart"], digits, signed=True),
        "" if row["ecart_pct"] is None else french.number(row["ecart_pct"], 1, signed=True),
        REASONS[row["raison"]] if row["nature"] in (comparison.REVISED, comparison.WITHDRAWN) else "",
    )


def _pair(before: float | None, after: float | None, decimals: int) -> tuple[str, str]:
    """Both values with the decimals of the indicator, more where these would hide the difference."""
    for shown in range(decimals, MOST_DECIMALS + 1):
        texts = tuple("—" if value is None else french.number(value, shown) for value in (before, after))
        if texts[0] != texts[1] or before == after:
            break
    return texts


def _status(status: str, reason: str | None) -> str:
    return f"({STATUS_WORDS[status]}{', ' + reason if reason else ''})"


def _france(told: dict) -> str:
    rows = []
    for indicator in told["indicateurs"]:
        shown = indicator["france"]
        if any(shown.values()):
            decimals = indicator["decimales"] or 0
            cells = [_last(shown.get(side), decimals) for side in ("ancienne", "nouvelle")]
            rows.append((_name(indicator), *cells, indicator["unite"] or ""))
    if not rows:
        return ""
    return _joined("## La France, dernier chiffre", _table(("Indicateur", "Avant", "Après", "Unité"), rows))


def _last(point: dict | None, decimals: int) -> str:
    if point is None:
        return "—"
    return (
        f"{french.number(point['valeur'], decimals)} ({point['trimestre']}, {STATUS_WORDS[point['statut']]})"
    )


def _series(heading: str, series: list[dict]) -> str:
    rows = [(row["code_indicateur"], LEVELS[row["niveau"]], french.number(row["nb"])) for row in series]
    return _joined(f"## {heading}", _table(("Indicateur", "Niveau", "Valeurs"), rows)) if rows else ""


def _editions(told: dict) -> str:
    rows = [
        (
            row["source"],
            row["edition"],
            EDITIONS[row["nature"]],
            _short(row["ancienne"]),
            _short(row["nouvelle"]),
        )
        for row in told["editions"]
    ]
    headers = ("Source", "Édition", "Ce qu'elle est", "Empreinte avant", "Empreinte après")
    return _joined("## Fichiers reçus qui ont changé", _table(headers, rows)) if rows else ""


def _methods(told: dict) -> str:
    rows = [(row["code_indicateur"], row["ancienne"], row["nouvelle"]) for row in told["methodes"]]
    return (
        _joined("## Méthodes qui ont changé", _table(("Indicateur", "Avant", "Après"), rows)) if rows else ""
    )


def _tables(told: dict) -> str:
    rows = [
        (
            row["table"],
            *(
                "—" if row[side] is None else french.number(row[side])
                for side in ("lignes_avant", "lignes_apres")
            ),
        )
        for row in told["tables"]
    ]
    headers = ("Table", "Lignes avant", "Lignes après")
    return _joined("## Tables dont le contenu a changé", _table(headers, rows)) if rows else ""


def _name(indicator: dict) -> str:
    label = indicator["libelle"]
    return f"{label} (`{indicator['code_indicateur']}`)" if label else f"`{indicator['code_indicateur']}`"


def _short(sha256: str | None) -> str:
    return sha256[:12] if sha256 else "—"


def _table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '¦') for cell in line)} |" for line in lines)


def _joined(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
