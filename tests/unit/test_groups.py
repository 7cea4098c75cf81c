"""Tests that share what is long to make stay together on one worker."""

import pytest

pytestmark = pytest.mark.xdist_group("ensemble")


def test_groups_are_kept(request, worker_id):
    # pytest-xdist tells groups by the end of a test's name, and says nothing when that has no effect.
    assert worker_id == "master" or request.node.nodeid.endswith("@ensemble")
