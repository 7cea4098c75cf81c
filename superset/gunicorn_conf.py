"""What Gunicorn calls around the web server: each process gets ready before it takes a request.

What Superset loads and works out at a first question would cost a second to whoever asks it.
"""

import logging

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)


def post_worker_init(worker) -> None:
    """Gunicorn's hook; a server that could not get ready is slower at first, and serves all the same."""
    try:
        if warm_up(worker.app.callable):
            logger.info("première question : répondue")
    except SQLAlchemyError as error:
        logger.warning("première question : %s", error)


def warm_up(app: Flask) -> bool:
    """Draw the login page and ask a data set for one row; False where none can answer yet.

    Raises SQLAlchemyError when Superset's own database cannot be read.
    """
    from superset.charts.schemas import ChartDataQueryContextSchema
    from superset.connectors.sqla.models import SqlaTable

    from superset import db

    app.test_client().get("/login/")
    with app.app_context(), app.test_request_context():
        dataset = db.session.query(SqlaTable).order_by(SqlaTable.id).first()
        if dataset is None:
            return False
        query = {"columns": [dataset.columns[0].column_name], "row_limit": 1}
        source = {"id": dataset.id, "type": "table"}
        asked = ChartDataQueryContextSchema().load({"datasource": source, "queries": [query]})
        answer = asked.datasource.query(asked.queries[0].to_dict())
        if answer.error_message:
            logger.warning("première question : %s", answer.error_message)
        return not answer.error_message
