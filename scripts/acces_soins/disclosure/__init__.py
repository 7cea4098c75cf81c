"""Statistical confidentiality: what may not leave is masked, and an attacker tries to find it again.

The rule of an indicator is in the catalogue (``confidentialite``): ``aucune`` for public registers,
``producteur`` where the producer masks and nothing is computed back, ``seuil_frequence`` for what we
compute from non-public deposits. Only the last one is worked on here:

- ``rules`` reads the rules and says what a masked count must keep possible;
- ``tables`` writes the sums that tie the counts: départements ⊂ régions ⊂ France, quarters ⊂ year;
- ``suppression`` chooses what is masked, with the engine of Tau-Argus (``tauargus``, its own process);
- ``masks`` joins them for the build: the points of the indicators are masked before anything is derived;
- ``attacker`` finds by linear programming what the published figures leave of each masked one;
- ``audit`` runs it on what would be published, as checks.

Engine and solver are imported where they serve: a night without confidential figures pays nothing.
"""

from acces_soins.disclosure.audit import audit
from acces_soins.disclosure.masks import masked_points

__all__ = ["audit", "masked_points"]
