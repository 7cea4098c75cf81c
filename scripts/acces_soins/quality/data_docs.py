"""How Great Expectations' own pages look here: its blocks in a page of ours, in French, which loads nothing.

Its templates load styles and scripts from six hosts, and a picture that carries an identifier of the archive.
Nothing here needs a script, so that the page forbids them: what a deposited file holds cannot run.
"""

import re
from pathlib import Path

import jinja2
from great_expectations.render.view import DefaultJinjaPageView

from acces_soins.quality.pages import STYLE, trial_mark

TEMPLATES = Path(__file__).with_name("templates")
FRENCH = {
    "Asset Name": "Table",
    "Batch ID": "Lot",
    "Evaluated Expectations": "Contrôles faits",
    "Expectation": "Contrôle",
    "Expectation Suite": "Suite",
    "Expectation Suite Name": "Nom de la suite",
    "Expectation Suite:": "Suite :",
    "Expectation Suites": "Suites",
    "Expectation Validation Result": "Résultat d'une suite",
    "Failed": "échoué",
    "Great Expectations Version": "Version de Great Expectations",
    "Info": "Passage",
    "Observed Value": "Observé",
    "Overview": "En bref",
    "Run Name": "Passage",
    "Run Time": "Moment",
    "Sampled Unexpected Values": "Valeurs en écart (échantillon)",
    "Statistics": "Décompte",
    "Status": "Verdict",
    "Status:": "Verdict :",
    "Succeeded": "réussi",
    "Success Percent": "Part réussie",
    "Successful Expectations": "Réussis",
    "Table-Level Expectations": "Toute la table",
    "Unexpected Value": "Valeur en écart",
    "Count": "Nombre",
    "Unsuccessful Expectations": "Échoués",
    "Validation Results": "Résultats",
}
PHRASE = re.compile(rf"(?<=>)(\s*)({'|'.join(map(re.escape, FRENCH))})(?=\s*<)")
# Of a query there is no data asset; what a suite counts is in its results; what folds is shown.
NOTHING = re.compile(
    r"<br>\s*Data asset:\s*None|Notes(?=\s*<)|This Expectation suite currently contains[^<]*"
    r"|Show (?:more info|exception traceback)\.\.\."
)
SENTENCES = {
    r"([\d,]+) unexpected values? found\.": r"En écart : \1.",
    r"(≈?[\d.]+)% of ([\d,]+) total rows\.": r"Soit \1 % des \2 lignes.",
    r"([\d.]+)% unexpected": r"\1 % en écart",
    r"([\d.]+)%(?=\s*<)": r"\1 %",
    r"(\d)\.(\d+) %": r"\1,\2 %",
    "raised an exception:": "n'a pas pu être fait :",
}


class OfflineView(DefaultJinjaPageView):
    """The view of every page, the index included; ``SiteBuilder`` makes it from the site's configuration."""

    def __init__(self, **directories) -> None:
        super().__init__(**directories)
        # First: its own templates of the same names would come before those of a custom directory.
        self.env.loader = jinja2.ChoiceLoader([jinja2.FileSystemLoader(TEMPLATES), self.env.loader])
        self.env.globals |= {"STYLE": STYLE, "MARK": trial_mark()}

    def render(self, document, template=None, **options) -> str:
        """The page, with the words that Great Expectations writes itself in French."""
        page = NOTHING.sub("", super().render(document, template, **options))
        page = PHRASE.sub(lambda found: found[1] + FRENCH[found[2]], page)
        for english, french in SENTENCES.items():
            page = re.sub(english, french, page)
        return page
