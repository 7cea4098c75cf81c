"""What a publication says of itself: the same sentences in every file that a reader takes away."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from acces_soins import french

PUBLISHER = "Observatoire de l'accès aux soins"
TITLE = "Indicateurs trimestriels d'accès aux soins par département"
DESCRIPTION = (
    "Indicateurs de l'accès aux soins pour les 101 départements, les 18 régions et la France, trimestre par "
    "trimestre, avec leur date de référence, leur statut et leur source."
)
KEYWORDS = ("santé", "accès aux soins", "déserts médicaux", "médecins", "départements", "indicateurs")
TRIAL = "DONNÉES D'ESSAI — chiffres fictifs"
LICENCE = {
    "name": "etalab-2.0",
    "title": "Licence Ouverte 2.0",
    "path": "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
}
CAVEATS = (
    "Un chiffre masqué, manquant ou hors champ n'est jamais zéro : sa case dit son statut.",
    "Un chiffre reporté est le dernier connu, avec sa date de référence : il ne dit pas que rien n'a changé.",
    "Une évolution ne se lit qu'entre deux points observés de même méthode.",
    "Une région et la France sont lues chez le producteur ou sont un rapport de sommes, jamais une moyenne "
    "de moyennes.",
    "Les codes 01 à 06 désignent à la fois des départements et des régions : la clé comprend le niveau.",
    "Une valeur de département est une moyenne : elle cache ce qui sépare ses communes.",
    "Un objectif national n'est pas un objectif de département.",
)


@dataclass(frozen=True)
class Status:
    """One value of ``statut``. ``flag`` follows the figure where there is room for one sign only."""

    code: str
    label: str
    meaning: str
    flag: str = ""


STATUSES = {
    status.code: status
    for status in (
        Status("observe", "Observé", "Le chiffre se rapporte à la fin du trimestre."),
        Status(
            "provisoire", "Provisoire", "Chiffre de la fin du trimestre, que son producteur confirmera.", "p"
        ),
        Status("reporte", "Reporté", "Dernier chiffre connu, repris avec sa date de référence.", "r"),
        Status("perime", "Périmé", "Le dernier chiffre connu est trop ancien : il n'est plus montré."),
        Status("estime", "Estimé", "Calculé en combinant des sources ; la méthode a une version.", "e"),
        Status("masque", "Masqué", "Caché par le producteur ou par le secret statistique ; jamais zéro."),
        Status(
            "non_disponible",
            "Non disponible",
            "Sans source, non reçu ou non couvert : voir le motif.",
        ),
        Status("hors_champ", "Hors champ", "L'indicateur n'a pas de sens pour ce territoire ou ce niveau."),
    )
}
# A figure that its producer, or another file, is expected to change.
UNSETTLED = ("provisoire", "estime")
# Inside a sentence: « (observé) ».
STATUS_WORDS = {code: status.label.lower() for code, status in STATUSES.items()}
REASONS = {
    "aucune_source_ouverte": "aucune source ouverte ne le publie",
    "edition_non_recue": "le fichier de ce trimestre n'a pas été reçu",
    "hors_perimetre": "le fichier reçu ne couvre pas ce territoire",
    "trop_ancien": "le dernier chiffre connu est trop ancien pour être reporté",
    "NS": "non significatif (secret : trop peu de professionnels)",
    "NC": "non communiqué par le producteur",
    "ND": "non diffusé (secret)",
    "secret": "secret statistique",
}
# In a narrow cell; a producer's own sign (NS, NC, ND) stays as it is.
SHORT_REASONS = {
    "aucune_source_ouverte": "aucune source",
    "edition_non_recue": "non reçu",
    "hors_perimetre": "non couvert",
    "trop_ancien": "trop ancien",
}


@dataclass(frozen=True)
class About:
    """A publication, as every file of it tells.

    Args:
        name: ``20261122T092102Z-594dcf5e`` for a version, ``2026T3-r0`` for a release.
        kind: nightly version, or frozen release.
        published_at: when, with its time zone; the only date that files carry.
        trial: fictitious data; every file says so.
        date_arrete: end of the last quarter.
        commit: of the code that made it.
        parent: the publication before it.
        chain_heads: source → hash of its last manifest in the archive.
        notes: French sentences, the reasons of a revision.
    """

    name: str
    kind: Literal["version", "release"]
    published_at: dt.datetime
    trial: bool
    date_arrete: dt.date
    commit: str
    parent: str | None = None
    chain_heads: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @classmethod
    def of(
        cls, made_of: Mapping, name: str, kind: Literal["version", "release"], published_at: str, **others
    ) -> "About":
        """From what the build was made of (``donnees``, ``date_arrete``, ``commit``, maybe ``chaines``).

        ``published_at`` is an ISO instant; ``others`` are fields by their name.
        """
        return cls(
            name=name,
            kind=kind,
            published_at=dt.datetime.fromisoformat(published_at),
            trial=made_of["donnees"] == "essai",
            date_arrete=dt.date.fromisoformat(made_of["date_arrete"]),
            commit=made_of["commit"],
            chain_heads=made_of.get("chaines", {}),
            **others,
        )

    @property
    def title(self) -> str:
        return f"{TITLE}, {self.label}" + (f" ({TRIAL})" if self.trial else "")

    @property
    def description(self) -> str:
        return f"{self._warning}{DESCRIPTION}"

    @property
    def label(self) -> str:
        return f"{'publication' if self.kind == 'release' else 'version'} {self.name}"

    @property
    def path(self) -> str:
        """Where the files stay, under the address at which publications are served."""
        return f"publication/{self.kind}s/{self.name}/fichiers/"

    @property
    def citation(self) -> str:
        return (
            f"{self._warning}{PUBLISHER}, « {TITLE} », {self.label}, {french.date(self.published_at)}, "
            f"{LICENCE['title']}, {self.path}"
        )

    @property
    def inside(self) -> dict[str, str]:
        """What a file without words of its own carries in its metadata."""
        return {
            "titre": self.title,
            "citation": self.citation,
            "licence": f"{LICENCE['title']}, {LICENCE['path']}",
            "chemin_permanent": self.path,
            "donnees": "essai" if self.trial else "reelles",
            "statuts": " ".join(f"{status.code} : {status.meaning}" for status in STATUSES.values()),
            "mises_en_garde": " ".join(CAVEATS),
        }

    @property
    def notice(self) -> str:
        """The same as a text, for an archive of files."""
        legend = [f"- {status.label} : {status.meaning}" for status in STATUSES.values()]
        return "\n".join([
            self.title, "",
            f"Citation : {self.citation}",
            f"Licence : {LICENCE['title']}, {LICENCE['path']}",
            f"Chemin permanent : {self.path}",
            *(f"Révision : {note}" for note in self.notes), "",
            "Statuts d'un chiffre", "", *legend, "",
            "Avant de conclure", "", *(f"- {caveat}" for caveat in CAVEATS), "",
        ])  # fmt: skip

    @property
    def _warning(self) -> str:
        return f"{TRIAL}. " if self.trial else ""
