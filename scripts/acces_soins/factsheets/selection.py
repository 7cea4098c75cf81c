"""Which figures a factsheet shows, in which order: the one editorial choice of the package.

The catalogue names, defines and formats them; here is only what an elected official reads first.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """A heading of the first page. ``figures``: code of the indicator → its name inside a sentence."""

    title: str
    figures: dict[str, str]


THEMES = (
    Theme(
        "Avoir un médecin traitant",
        {
            "taux_ald_sans_mt": "la part des patients en ALD sans médecin traitant",
            "patientele_mt_moyenne_mg": "la patientèle médecin traitant moyenne des généralistes",
            "file_active_moyenne_mg": "la file active moyenne des généralistes libéraux",
        },
    ),
    Theme(
        "Les médecins",
        {
            "effectif_mg_liberaux": "le nombre de généralistes libéraux",
            "densite_mg_liberaux": "la densité de généralistes libéraux",
            "part_mg_60_plus": "la part des généralistes libéraux de 60 ans et plus",
            "nb_primo_installes_mg": "les premières installations de généralistes",
            "proxy_densite_specialistes": "la densité de spécialistes libéraux",
        },
    ),
    Theme(
        "Atteindre un médecin",
        {
            "apl_mg": "l'accessibilité aux généralistes (APL)",
            "part_pop_apl_inf_2_5": "la part de la population dont l'APL est inférieure à 2,5",
            "part_pop_urgences_plus_30min": "la part de la population à plus de 30 minutes des urgences",
            "delai_moyen_acces_specialistes": "le délai moyen d'accès aux spécialistes",
        },
    ),
    Theme(
        "S'organiser",
        {
            "nb_msp": "le nombre de maisons de santé pluriprofessionnelles",
            "taux_couverture_cpts": "la population couverte par une CPTS",
            "taux_couverture_sas": "la population couverte par un service d'accès aux soins",
            "taux_recours_assistants_medicaux": "le recours des généralistes aux assistants médicaux",
        },
    ),
)
PHRASES = {code: phrase for theme in THEMES for code, phrase in theme.figures.items()}
CODES = tuple(PHRASES)

# Rates and means only: a département, its région and France are then on one scale. The first six that a
# publication knows are drawn, the same ones for every département.
CHARTS = (
    "taux_ald_sans_mt",
    "file_active_moyenne_mg",
    "densite_mg_liberaux",
    "part_mg_60_plus",
    "apl_mg",
    "taux_recours_assistants_medicaux",
    "part_pop_apl_inf_2_5",
    "proxy_densite_specialistes",
    "patientele_mt_moyenne_mg",
    "taux_couverture_cpts",
)
CHARTS_DRAWN = 6
CHART_QUARTERS = 24
