"""Rows of a fictitious extract from its contract alone, and a few words of sources.yml.

``par`` lists the dimensions whose product makes the rows; ``colonnes`` says what fills a column:

- a text, in which ``{commune.code}`` stands for an attribute of a dimension;
- ``choix: [a, b]``, one of a list, drawn again each period for a share ``changeant`` of the rows;
  ``autour: m, ecart: e``, a figure around a mean (with ``ecart_departement``, ``pente`` a year since
  2020, and ``exactement: {value: share}``);
  ``entre: [a, b]``, a figure in a range; ``part: 0.5, de: colonne`` and ``somme: [colonne, …]``,
  a figure made of those of the columns before it; ``quantite: nom``, a quantity of the model
  of the territory, profession, age and sex of the row; ``selon: attribut, cas: {valeur: …}``, one of
  these by the value of an attribute; ``avant: 2019, de: texte, puis: texte``, one text for the years
  before, another for the others.

Any of them may be left empty (``vides``) or masked (``sentinelle``) for a share of the rows, the same
rows for the columns of one ``groupe``; or masked under a figure (``masque_sous``). A dimension named
``feuille`` gives each row its sheet. A mandatory column that sources.yml does not name is drawn from
the pattern and the bounds of its contract; any other is empty. Every draw comes from a hash of the
names of its row: the same bytes on every machine.
"""

import datetime as dt
import random
import re
from collections.abc import Callable, Iterator
from itertools import product
from types import SimpleNamespace as Member

from rstr import Rstr

from acces_soins.catalog import Column, Source
from acces_soins.errors import ConfigurationError
from acces_soins.readers.model import LINE, SHEET
from acces_soins.trial import dimensions, values
from acces_soins.trial.formats import Renderer

Row = dict[str, object]
ONE_ATTRIBUTE = re.compile(r"\{(\w+)\.(\w+)\}")
WORD = "_mot"  # the word that a sheet's repeated headers begin with
ATTEMPTS = 50  # draws of a row before its key is said to have too few values


def rows(source: Source, period: dt.date) -> Iterator[Row]:
    """Rows of the extract of that period; every key comes once.

    Raises ConfigurationError when sources.yml names what does not exist, or when a key that is drawn
    has fewer values than there are rows.
    """
    wanted = values.options(source)
    unknown = set(wanted.get("colonnes", {})) - {column.name for column in source.columns}
    if unknown:
        raise ConfigurationError(
            f"source « {source.id} » : trial/sources.yml remplit des colonnes que le contrat "
            f"n'a pas ({', '.join(sorted(unknown))}) ; corriger leurs noms."
        )
    # A key with the line's number needs no care; the sheet is that of the period.
    key = [] if LINE in source.key else [name for name in source.key if name != SHEET]
    key = [] if SHEET in source.key and "depliage" in source.reading else key
    seen: set[tuple] = set()
    for place in _places(wanted, period):
        row = next(_fresh(source, wanted, period, place, key, seen), None)
        if row is None:
            raise ConfigurationError(
                f"source « {source.id} » : sa clé ({', '.join(key)}) a trop peu de valeurs pour ses lignes "
                "d'essai ; ajoutez une dimension à « par » dans trial/sources.yml."
            )
        if "feuille" in place:
            row |= {SHEET: place["feuille"].code, WORD: place["feuille"].libelle}
        if key:
            seen.add(tuple(row[name] for name in key))
        yield row
    for given in wanted.get("lignes_en_plus", []):
        yield {column.name: given.get(column.name) for column in source.columns}


def _places(wanted: dict, period: dt.date) -> Iterator[dict[str, Member]]:
    lag = wanted.get("recul", 0)
    named = [dimensions.members(each, period, lag) for each in wanted.get("par", [])]
    names = [name for name, _ in named]
    for combination in product(*(members for _, members in named)):
        place = dict(zip(names, combination, strict=True))
        if not any(_text(what, place) in refused for what, refused in wanted.get("sauf", {}).items()) and all(
            _text(what, place) in kept for what, kept in wanted.get("seulement", {}).items()
        ):
            yield place


def _fresh(
    source: Source, wanted: dict, period: dt.date, place: dict[str, Member], key: list[str], seen: set[tuple]
) -> Iterator[Row]:
    """Rows of one place until a key that has not come yet."""
    for attempt in range(ATTEMPTS):
        names = [source.id, *(member.code for member in place.values()), *([attempt] if attempt else [])]
        row: Row = {}
        for column in source.columns:
            draw = Draw(column, period, place, row, tuple(names))
            row[column.name] = draw.cell(wanted.get("colonnes", {}).get(column.name))
        if tuple(row[name] for name in key) not in seen:
            yield row


def _text(template: str, place: dict[str, Member]) -> object:
    """A text with its attributes in place; an attribute alone keeps its type."""
    try:
        if alone := ONE_ATTRIBUTE.fullmatch(template):
            return getattr(place[alone[1]], alone[2])
        return template.format(**place)
    except (AttributeError, KeyError) as error:
        raise ConfigurationError(
            f"trial/sources.yml : « {template} » ne nomme pas une dimension de « par » et l'un de ses "
            f"attributs ({', '.join(place)})."
        ) from error


class Draw:
    """The cell of one column on one row; ``names`` tell that row from every other."""

    def __init__(
        self, column: Column, period: dt.date, place: dict[str, Member], row: Row, names: tuple
    ) -> None:
        self.column, self.period, self.place, self.row, self.names = column, period, place, row, names

    def cell(self, wanted: str | dict | None) -> object:
        """What sources.yml wants there, as the contract writes it."""
        if wanted is None:
            return self.of_the_contract() if self.column.mandatory else None
        if isinstance(wanted, str):
            return _text(wanted, self.place)
        if "selon" in wanted:
            return self.cell(wanted["cas"][_text(wanted["selon"], self.place)])
        group = wanted.get("groupe", self.column.name)
        chance = values.unit("cellule", group, *self.names)
        if chance < wanted.get("vides", 0):
            return None
        if chance < wanted.get("vides", 0) + wanted.get("sentinelle", 0):
            return self.column.sentinels[0]
        value = self.figure(wanted)
        if "masque_sous" in wanted and value < wanted["masque_sous"]:
            return self.column.sentinels[0]
        if isinstance(value, str | None):
            return value
        return self.written(value, wanted.get("decimales", 0))

    def figure(self, wanted: dict) -> object:
        """The value before it is rounded and written."""
        for word, make in FIGURES.items():
            if word in wanted:
                return make(self, wanted)
        raise ConfigurationError(
            f"trial/sources.yml, colonne « {self.column.name} » : aucun de {', '.join(FIGURES)}."
        )

    def chosen(self, wanted: dict) -> object:
        of_the_period = (self.column.name, self.period, *self.names)
        moves = values.unit("changeant", *of_the_period) < wanted.get("changeant", 0)
        chance = values.unit(*of_the_period) if moves else self.unit()
        return wanted["choix"][int(chance * len(wanted["choix"]))]

    def around(self, wanted: dict) -> float:
        """Around the mean: the gap of the row and of its département are steady, a little of it moves."""
        chance = values.unit("exactement", self.column.name, *self.names)
        for value, share in wanted.get("exactement", {}).items():
            if chance < share:
                return value
            chance -= share
        value = wanted["autour"] + wanted.get("pente", 0) * values.years_since_2020(self.period)
        value += wanted["ecart"] * values.bell(self.column.name, *self.names)
        value += 0.05 * wanted["ecart"] * values.wave(self.period, self.column.name, *self.names)
        if "ecart_departement" in wanted:
            department = next(m.departement for m in self.place.values() if hasattr(m, "departement"))
            value += wanted["ecart_departement"] * values.bell(self.column.name, department)
        return min(max(value, wanted.get("minimum", 0)), wanted.get("maximum", float("inf")))

    def between(self, wanted: dict) -> float:
        if "nul_si" in wanted and _text(wanted["nul_si"], self.place):
            return 0
        low, high = wanted["entre"]
        return low + (high - low) * self.unit(wanted.get("groupe"))

    def share(self, wanted: dict) -> float | None:
        whole = self.row[wanted["de"]] if wanted["de"] in self.row else _text(wanted["de"], self.place)
        return None if whole is None else wanted["part"] * whole

    def total(self, wanted: dict) -> float:
        return sum(self.row[name] for name in wanted["somme"])

    def quantity(self, wanted: dict) -> object:
        territory = next(m.territoire for m in self.place.values() if hasattr(m, "territoire"))
        year = int(self.place["annee"].code) if "annee" in self.place else self.period.year
        said = {name: member.code for name, member in self.place.items() if member.code != "ensemble"}
        cell = values.Cell(
            territory, dt.date(year, 12, 31), said.get("profession"), said.get("age"), said.get("sexe")
        )
        return values.value(wanted["quantite"], cell)

    def by_year(self, wanted: dict) -> object:
        early = int(self.place["annee"].code) < wanted["avant"]
        return _text(wanted["de"] if early else wanted["puis"], self.place)

    def unit(self, group: str | None = None) -> float:
        return values.unit(group or self.column.name, *self.names)

    def of_the_contract(self) -> object:
        """A value that the pattern, the bounds and the sentinels of the contract allow."""
        column = self.column
        if column.pattern is None:
            return f"{column.name} d'essai"
        if Renderer.accepts(column, "2024-01-31"):
            return (self.period - dt.timedelta(days=int(3650 * self.unit()))).isoformat()
        if all(Renderer.accepts(column, sample) for sample in ("1", "12", "345")):
            low, high = column.bounds or (1, 999)
            return self.written(low + (min(high, low + 999) - low) * self.unit(), 0)
        return Rstr(random.Random("|".join(map(str, (column.name, *self.names))))).xeger(column.pattern)

    def written(self, value: float, decimals: int) -> object:
        """A number; or a text where the contract wants another way of writing than a plain number."""
        number = round(float(value), decimals) if decimals else round(value)
        if Renderer.accepts(self.column, str(number)):
            return number
        return Renderer.of(self.column, {"decimales": decimals})(number)


FIGURES: dict[str, Callable[[Draw, dict], object]] = {
    "avant": Draw.by_year,
    "choix": Draw.chosen,
    "autour": Draw.around,
    "entre": Draw.between,
    "part": Draw.share,
    "somme": Draw.total,
    "quantite": Draw.quantity,
}
