-- The method at work on trial communes: to simulate, give the macro one's own communes and times.
{{ apl_recalcul(ref('essai_apl_communes'), ref('essai_apl_distances'), version='2012') }}
