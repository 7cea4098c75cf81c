"""Settings: the closing date, data apart by kind."""

import datetime as dt

import pytest
from pydantic import ValidationError


@pytest.mark.parametrize(
    ("today", "closing"),
    [
        ("2026-11-22", "2026-09-30"),
        ("2026-10-01", "2026-09-30"),
        ("2026-09-30", "2026-06-30"),
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_the_closing_date_is_the_end_of_the_last_quarter_that_is_over(use_settings, today, closing):
    assert use_settings(date=today).closing_date == dt.date.fromisoformat(closing)


def test_trial_and_real_data_never_share_a_directory(use_settings):
    trial, real = use_settings(sources="essai"), use_settings(sources="direct")
    assert trial.root != real.root
    assert trial.services != real.services


def test_an_unknown_kind_of_sources_is_refused(use_settings):
    with pytest.raises(ValidationError):
        use_settings(sources="autre")


def test_real_extracts_never_feed_trial_data(use_settings, tmp_path):
    assert use_settings(sources="essai", extraits=tmp_path).extraits is None
    assert use_settings(sources="direct", extraits=tmp_path).extraits == tmp_path
