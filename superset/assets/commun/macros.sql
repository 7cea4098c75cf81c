[#
  What the data sets' SQL shares. « [[ ]] » and « [% %] » are read when the assets are made, « {{ }} » and « {% %} »
  by Superset at each query: what can be written beforehand is, since Superset would compile it each time.
#]
[# Unbreakable spaces where French puts them: for a cell that holds nothing else, which is shown as it is. #]
[% macro typographie(x) -%]
regexp_replace(regexp_replace(coalesce([[ x ]], '–'), ' ([:;?!%»×])', chr(160) || '\1', 'g'), '« ', '«' || chr(160), 'g')
[%- endmacro %]
[# The same inside HTML: what the catalogue wrote is text. #]
[% macro texte(x) -%]
replace(replace([[ typographie(x) ]], '&', '&amp;'), '<', '&lt;')
[%- endmacro %]
[% macro jour(x) -%] strftime([[ x ]], '%d/%m/%Y') [%- endmacro %]
[# The status as a label of its own look: observed, carried, masked, unavailable… #]
[% macro etiquette(statut, libelle) -%]
'<span class="as-statut as-s-' || [[ statut ]] || '">' || [[ libelle ]] || '</span>'
[%- endmacro %]
[# An arrow and the change, in the colour of its judgement; the words say it too. #]
[% macro evolution(texte, jugement) -%]
'<span class="as-' || [[ jugement ]] || '">' || CASE WHEN [[ texte ]] = 'stable' THEN '→' WHEN [[ texte ]] LIKE '+%' THEN '↗' ELSE '↘' END
|| chr(160) || replace([[ texte ]], ' ', chr(160)) || '</span>'
[%- endmacro %]
[% macro en_mots(jugement) -%]
CASE [[ jugement ]] WHEN 'favorable' THEN ' · favorable' WHEN 'defavorable' THEN ' · défavorable' ELSE '' END
[%- endmacro %]
[# So many of them: the plural begins at two. #]
[% macro accord(nombre, mot, pluriel) -%]
[[ nombre ]] || CASE WHEN [[ nombre ]] > 1 THEN ' [[ pluriel or mot ~ 's' ]]' ELSE ' [[ mot ]]' END
[%- endmacro %]
[# A number in French: 1 234,5 #]
[% macro nombre(x, decimales) -%]
CASE WHEN round([[ x ]], [[ decimales ]]) < 0 THEN '−' ELSE '' END || replace(replace(format('{:,.' || [[ decimales ]] || 'f}', abs([[ x ]])), ',', chr(8239)), '.', ',')
[%- endmacro %]
[# The way made towards the target, as a bar; nothing where no starting point is known. #]
[% macro jauge() -%]
CASE
  WHEN progression_pct IS NULL AND etat_cible <> 'atteinte' THEN ''
  ELSE '<div class="as-jauge"><div class="as-rempli" style="width:' || greatest(0, least(100, coalesce(round(progression_pct), 100)))::INTEGER || '%"></div></div>'
END
[%- endmacro %]
[# The target with its date; a pace has none, and says what it asks for each year. #]
[% macro cible() -%]
cible_texte || unite_texte || coalesce(' au ' || [[ jour('echeance') ]], ' à la date du chiffre, soit +' || rythme_vise_texte || chr(160) || '% par an', ', sans échéance')
[%- endmacro %]
[# Under a drawn chart, what its points cannot say: the last figure of a line, its status, date and source. #]
[% macro dernier_chiffre(qui) -%]
'<span><b>' || [[ qui ]] || '</b>' || chr(160) || ': ' || coalesce(valeur_texte || unite_texte, 'pas de chiffre') || ' ' || [[ etiquette('statut', 'libelle_statut') ]]
|| coalesce(CASE WHEN valeur IS NULL THEN ' ' || raison END, '') || coalesce(' au ' || [[ jour('date_reference') ]], '') || coalesce(' · source' || chr(160) || ': ' || libelle_source, '') || '</span>'
[%- endmacro %]
[# A tile of one row of tableau_chiffres: its figure, change, target and status; « titre » is SQL. #]
[% macro tuile(titre) -%]
'<div class="as-bloc as-tuile as-t-' || CASE WHEN valeur IS NULL THEN 'sans' ELSE statut END || '"><div class="as-nom">' || [[ titre ]] || '</div>'
|| CASE
  WHEN valeur IS NULL THEN '<div class="as-absente">Pas de chiffre</div><div class="as-note">' || coalesce(raison, 'aucun chiffre') || '</div>'
  ELSE '<div class="as-valeur">' || valeur_texte || '<span class="as-unite">' || unite_texte || '</span></div><div class="as-note">'
    || coalesce([[ evolution('evolution_texte', 'jugement') ]] || [[ en_mots('jugement') ]] || coalesce(', depuis le ' || [[ jour('date_point_precedent') ]], ''), 'pas de point antérieur comparable') || '</div>'
END
|| CASE
  WHEN valeur IS NULL OR niveau <> 'france' THEN ''
  WHEN cible_texte IS NULL THEN '<div class="as-note">Pas de cible chiffrée</div>'
  ELSE [[ jauge() ]] || '<div class="as-note">Cible'
    || chr(160) || ': ' || [[ cible() ]] || ' · ' || replace(distance_texte, ' ', chr(160))
    || CASE etat_cible WHEN 'manquee' THEN ' · <span class="as-defavorable">échéance passée</span>' ELSE '' END || '</div>'
END
|| '<div class="as-pied">' || [[ etiquette('statut', 'libelle_statut') ]] || coalesce(' données au ' || [[ jour('date_reference') ]] || ' · ' || libelle_source, '') || '</div></div>'
[%- endmacro %]
[# One bar: who, how much of the widest (a number), what is written, its look, and marks over it (SQL). #]
[% macro barre(qui, part, ecrit, classe, reperes) -%]
'<div class="as-barre"><div class="as-qui">' || [[ qui ]] || '</div><div class="as-piste"><div class="as-plein ' || [[ classe ]] || '" style="width:' || coalesce(round(greatest(0, least(100, [[ part ]])), 1), 0) || '%"></div>'
|| [[ reperes ]] || '</div><div class="as-combien">' || [[ ecrit ]] || '</div></div>'
[%- endmacro %]
[% macro repere(part) -%]
coalesce('<div class="as-repere" style="left:' || round(greatest(0, least(100, [[ part ]])), 1) || '%"></div>', '')
[%- endmacro %]
[# One class of APL of « ici », with France's share as a mark; the widest bar is half of a population. #]
[% macro barre_apl() -%]
[[ barre('ici.classe', 'ici.part_pct * 2', nombre('ici.part_pct', '1') ~ " || chr(160) || '%'", "CASE WHEN ici.est_sous_le_seuil THEN 'as-b-seuil' ELSE 'as-b-observe' END", repere('france.part_pct * 2')) ]]
[%- endmacro %]
[# The look of a bar: full for what is observed, hatched for what is carried. #]
[% macro trait(statut) -%]
CASE WHEN [[ statut ]] = 'reporte' THEN 'as-b-reporte' ELSE 'as-b-observe' END
[%- endmacro %]
[# The chosen quarter, or the last one in which a département has a figure of this indicator: Superset decides. #]
[% macro au_trimestre() -%]
{% set choisis = filter_values('choix_trimestre', remove_filter=True) %}
{% if choisis and choisis[0] != 'Dernier trimestre chiffré' %} periode IN {{ choisis | where_in }} {% else %} est_dernier_chiffre {% endif %}
[%- endmacro %]
[# The chosen indicator; with none, no condition. #]
[% macro de_l_indicateur() -%]
{% set choisis = filter_values('libelle_indicateur') %}
{% if choisis %} libelle_indicateur IN {{ choisis | where_in }} {% else %} TRUE {% endif %}
[%- endmacro %]
[# A check's code has no accent; its name on a page has. #]
[% macro nom_de_controle(x) -%]
array_to_string(list_transform(string_split([[ x ]], '_'), lambda mot: coalesce(MAP {
  'accorde': 'accordé', 'accordee': 'accordée', 'age': 'âge', 'ages': 'âges', 'annoncee': 'annoncée',
  'apres': 'après', 'bornee': 'bornée', 'bornees': 'bornées', 'bouleverse': 'bouleversé', 'changee': 'changée',
  'chiffree': 'chiffrée', 'citee': 'citée', 'cle': 'clé', 'coherentes': 'cohérentes', 'complete': 'complète',
  'completes': 'complètes', 'comptees': 'comptées', 'deja': 'déjà', 'declare': 'déclaré', 'decrite': 'décrite',
  'definition': 'définition', 'depart': 'départ', 'departement': 'département', 'departements': 'départements',
  'deplacee': 'déplacée', 'derniere': 'dernière', 'decile': 'décile', 'donnees': 'données', 'ecart': 'écart',
  'echeance': 'échéance', 'ecrite': 'écrite', 'edition': 'édition', 'editions': 'éditions',
  'effondrees': 'effondrées', 'entiere': 'entière', 'etats': 'états', 'evolution': 'évolution',
  'expliquee': 'expliquée', 'fiabilite': 'fiabilité', 'fidele': 'fidèle', 'fideles': 'fidèles',
  'generalistes': 'généralistes', 'masquee': 'masquée', 'mediane': 'médiane', 'meme': 'même',
  'mesuree': 'mesurée', 'motivee': 'motivée', 'observees': 'observées', 'observes': 'observés',
  'ordonnes': 'ordonnés', 'oubliee': 'oubliée', 'perime': 'périmé', 'presentes': 'présentes',
  'publie': 'publié', 'recue': 'reçue', 'reference': 'référence', 'referentiel': 'référentiel',
  'regions': 'régions', 'regle': 'règle', 'repartition': 'répartition', 'resultat': 'résultat',
  'revision': 'révision', 'revisions': 'révisions', 'series': 'séries', 'vises': 'visés', 'zero': 'zéro'
}[mot], mot)), ' ')
[%- endmacro %]
