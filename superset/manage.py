"""What has no Superset command: run by ``acces_soins.dashboards`` in Superset's own environment.

All the steps of one call in one process, since starting Superset costs seconds. On the standard input a
JSON object, step → arguments, in order; on the standard error a line as each step begins; the answers,
step → answer, as one JSON line at the end of the standard output.
"""

import json
import sys
from pathlib import Path

from flask import g
from flask_migrate import upgrade
from superset.app import create_app

import superset

DASHBOARD_VIEWER = {
    "can_read": [
        "Dashboard",
        "Chart",
        "CssTemplate",
        "Theme",
        "DashboardFilterStateRestApi",
        "DashboardPermalinkRestApi",
        "CurrentUserRestApi",
        "SecurityRestApi",
    ],
    "can_write": ["DashboardFilterStateRestApi", "DashboardPermalinkRestApi"],
    "can_dashboard": ["Superset"],
    "can_explore_json": ["Superset"],
    "can_language_pack": ["Superset"],
    "can_log": ["Superset"],
    "can_csv": ["Superset"],
    "can_recent_activity": ["Log"],
    "can_time_range": ["Api"],
    "can_query": ["Api"],
    "can_query_form_data": ["Api"],
    "menu_access": ["Dashboards"],
}
SQL_READER = {
    "can_read": ["Database", "Dataset", "SQLLab", "Query", "SavedQuery", "Explore", "ExploreFormDataRestApi"],
    "can_write": ["SavedQuery", "ExploreFormDataRestApi", "Chart"],
    "can_list": ["SavedQuery"],
    "can_execute_sql_query": ["SQLLab"],
    "can_get_results": ["SQLLab"],
    "can_export_csv": ["SQLLab"],
    "can_format_sql": ["SQLLab"],
    "can_sqllab": ["Superset"],
    "can_sqllab_history": ["Superset"],
    "can_sql_json": ["Superset"],
    "can_explore": ["Superset"],
    "can_activate": ["TabStateView"],
    "can_get": ["TabStateView", "Datasource"],
    "can_post": ["TabStateView"],
    "can_put": ["TabStateView"],
    "can_delete": ["TabStateView"],
    "can_delete_query": ["TabStateView"],
    "can_migrate_query": ["TabStateView"],
    "can_external_metadata": ["Datasource"],
    "menu_access": ["SQL Lab", "SQL Editor", "Saved Queries", "Query Search", "Charts"],
}
# Without it, the login page is in English.
PUBLIC_PAGES = {"can_language_pack": ["Superset"]}
# Who has no account looks where that was switched on; the figures to take away are the published files.
NOT_FOR_VISITORS = ("can_csv", "can_recent_activity")
VISITOR = {action: views for action, views in DASHBOARD_VIEWER.items() if action not in NOT_FOR_VISITORS}
DASHBOARD_ROLES = ("Décideur", "Statisticien")


def _set_role(security, name: str, grants: list[dict], extra: list) -> None:
    """Give the role exactly these permissions; one that this Superset does not know is left out."""
    found = [
        security.find_permission_view_menu(action, view)
        for grant in grants
        for action, views in grant.items()
        for view in views
    ]
    role = security.add_role(name) or security.find_role(name)
    role.permissions = list({permission for permission in [*found, *extra] if permission})


def admit(dashboards: list[str], public: bool) -> None:
    """Say which roles see these dashboards (UUIDs), and whether who has no account does."""
    from superset import db, security_manager

    _set_role(security_manager, "Public", [PUBLIC_PAGES, *([VISITOR] if public else [])], [])
    names = [*DASHBOARD_ROLES, *(["Public"] if public else [])]
    roles = [security_manager.find_role(name) for name in names]
    model = _models()["dashboards"]
    for dashboard in db.session.query(model).filter(model.uuid.in_(dashboards)):
        dashboard.roles = roles


def _reading() -> list:
    """The permission to query each database that is there: none before the first deployment."""
    from superset import db, security_manager

    found = []
    for database in db.session.query(_models()["databases"]):
        security_manager.add_permission_view_menu("database_access", database.perm)
        found.append(security_manager.find_permission_view_menu("database_access", database.perm))
    return found


def prepare(accounts: dict[str, dict], dashboards: list[str], public: bool) -> dict:
    """Migrate the metadata database, then create the roles and the accounts (login -> role, password).

    ``public``: whether who has no account sees the dashboards (UUIDs), those that are already there too.
    """
    from superset.extensions import appbuilder

    from superset import db

    upgrade(directory=str(Path(superset.__file__).parent / "migrations"))
    appbuilder.add_permissions(update_perms=True)
    security = appbuilder.sm
    security.sync_role_definitions()
    _set_role(security, "Décideur", [DASHBOARD_VIEWER], [])
    _set_role(security, "Statisticien", [DASHBOARD_VIEWER, SQL_READER], _reading())
    admit(dashboards, public)
    for login, account in accounts.items():
        role = security.find_role(account["role"])
        if user := security.find_user(login):
            security.reset_password(user.id, account["mot_de_passe"])
            user.roles = [role]
        else:
            address = f"{login}@acces-soins.invalid"
            security.add_user(
                login, login.capitalize(), "Accès aux soins", address, role, account["mot_de_passe"]
            )
    db.session.commit()
    return {"comptes": sorted(accounts)}


def _models() -> dict:
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    return {"dashboards": Dashboard, "charts": Slice, "datasets": SqlaTable, "databases": Database}


def _still_used(kind: str, row, removed_charts: set[int]) -> bool:
    """A chart that a person put on a dashboard, or a data set that a person's chart reads, is kept."""
    from superset.models.slice import Slice

    from superset import db

    if kind == "charts":
        return bool(row.dashboards)
    if kind == "datasets":
        readers = db.session.query(Slice).filter_by(datasource_id=row.id, datasource_type="table")
        return any(chart.id not in removed_charts for chart in readers)
    return kind == "databases" and bool(row.tables)


def _reconcile(gone: dict[str, list[str]]) -> list[str]:
    """Delete by UUID what an earlier deployment brought and the code no longer has."""
    from superset import db

    deleted, removed_charts = [], set()
    for kind, model in _models().items():
        for row in db.session.query(model).filter(model.uuid.in_(gone.get(kind, []))):
            db.session.flush()
            if _still_used(kind, row, removed_charts):
                continue
            if kind == "charts":
                removed_charts.add(row.id)
            deleted.append(str(row.uuid))
            db.session.delete(row)
        db.session.flush()
    return deleted


def deploy(contents: dict[str, str], gone: dict[str, list[str]], dashboards: list[str], public: bool) -> dict:
    """Import the bundle (path -> text), reconcile, then say which roles see the dashboards (UUIDs)."""
    from superset.commands.importers.v1.assets import ImportAssetsCommand

    from superset import db, security_manager

    ImportAssetsCommand(contents).run()
    deleted = _reconcile(gone)
    admit(dashboards, public)
    _set_role(security_manager, "Statisticien", [DASHBOARD_VIEWER, SQL_READER], _reading())
    db.session.commit()
    return {"supprimes": deleted}


def _first_choice(wanted: dict) -> str | None:
    """What the list of a filter (as the dashboard has it) begins with; None where it has nothing.

    Asked past the caches. Raises RuntimeError with the database's answer when it refuses.
    """
    from superset.charts.schemas import ChartDataQueryContextSchema

    target, order = wanted["targets"][0], wanted.get("sortMetric")
    column = target["column"]["name"]
    query = {
        "columns": [column],
        "metrics": [order] if order else [],
        "orderby": [[order or column, wanted["controlValues"]["sortAscending"]]],
        "filters": [
            {"col": one["subject"], "op": one["operator"], "val": one["comparator"]}
            for one in wanted["adhoc_filters"]
        ],
        "row_limit": 1,
    }
    source = {"id": target["datasetId"], "type": "table"}
    asked = ChartDataQueryContextSchema().load({"datasource": source, "queries": [query]})
    answer = asked.datasource.query(asked.queries[0].to_dict())
    if answer.error_message:
        raise RuntimeError(f"choix du filtre « {wanted['name']} » : {answer.error_message}")
    return None if answer.df.empty else answer.df[column].iloc[0]


def _choose_first(dashboard) -> None:
    """Write down what each filter that begins with its first choice begins with.

    A page would else wait for the filter's list, then draw everything twice: Superset applies such a choice
    (« requiredFirst ») once without and once with its meaning.
    """
    metadata = json.loads(dashboard.json_metadata)
    for wanted in metadata["native_filter_configuration"]:
        if not wanted["controlValues"]["defaultToFirstItem"]:
            continue
        column, choice = wanted["targets"][0]["column"]["name"], _first_choice(wanted)
        wanted["requiredFirst"] = not choice
        wanted["defaultDataMask"] = {
            "extraFormData": {"filters": [{"col": column, "op": "IN", "val": [choice]}]} if choice else {},
            "filterState": {"value": [choice], "label": choice} if choice else {},
            "ownState": {},
        }
    dashboard.json_metadata = json.dumps(metadata)


def refresh(description: str, datasets: list[str], dashboards: list[str]) -> dict:
    """Follow a new publication, in these data sets and dashboards (UUIDs).

    The description is written on each data set: ``changed_on`` moves, and with it the caches' keys.
    """
    from datetime import datetime

    from superset import db

    models = _models()
    rows = db.session.query(models["datasets"]).filter(models["datasets"].uuid.in_(datasets)).all()
    for row in rows:
        row.description = description
        row.changed_on = datetime.now()
    db.session.flush()
    for page in db.session.query(models["dashboards"]).filter(models["dashboards"].uuid.in_(dashboards)):
        _choose_first(page)
    db.session.commit()
    return {"jeux": len(rows)}


STEPS = {"prepare": prepare, "deploy": deploy, "refresh": refresh}


def main() -> None:
    wanted, answers = json.load(sys.stdin), {}
    app = create_app()
    with app.app_context(), app.test_request_context():
        for step, arguments in wanted.items():
            print(f"étape {step}", file=sys.stderr, flush=True)
            if step != "prepare":
                g.user = app.appbuilder.sm.find_user("admin")
            answers[step] = STEPS[step](**arguments)
    print(json.dumps(answers), flush=True)


if __name__ == "__main__":
    main()
