# The points that confidentiality masks: the series, and all that is derived from it, never see them.
from acces_soins.disclosure import masked_points


def model(dbt, session):
    dbt.config(materialized="table")
    return masked_points(
        points=dbt.ref("int_indicateurs__points"),
        territories=dbt.ref("ref_territoires"),
        published=dbt.source("registre", "valeurs"),
    )
