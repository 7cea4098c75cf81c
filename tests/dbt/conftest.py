"""One build of the whole project for every test of its SQL."""

import pytest

from acces_soins import versioning, warehouse


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory):
    """dbt build with its unit tests, on empty typed sources: a first night with every portal down."""
    folder = tmp_path_factory.mktemp("construction")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACCES_SOINS_DONNEES", str(folder / "donnees"))
        warehouse.get_settings.cache_clear()
        warehouse.build(folder, versioning.current_inputs(), unit_tests=True)
    warehouse.get_settings.cache_clear()
    return folder
