"""PostgreSQL and Redis for the tests of the production, where the machine has them."""

import pytest

import production


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    production.skip_without_servers()
    with production.running_stores(tmp_path_factory.mktemp("production")) as stores:
        yield stores
