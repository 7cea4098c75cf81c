"""What is masked so that an attacker finds nothing: each shape of the hierarchy, then random tables."""

import pytest

from acces_soins.disclosure import suppression, tauargus
from acces_soins.disclosure.attacker import exposed, intervals
from acces_soins.disclosure.rules import (
    CONTRIBUTORS,
    PRIMARY,
    SECONDARY,
    margin_interval,
    protection_interval,
)
from acces_soins.disclosure.suppression import protect
from acces_soins.disclosure.tables import Past, made_by_few, make_table, with_past_sums
from acces_soins.errors import AccesSoinsError
from secret_tables import REGIONS, THRESHOLD, forest, key, random_table, region, table_of

LARGE = dict.fromkeys(REGIONS, 100) | {"08": 60, "22": 70}


def shown(table, masks):
    return set(table.counts) - set(masks)


def attacked(table, masks):
    return exposed(table, masks, shown(table, masks))


def primary_only(table):
    return {each: table.reason(each) for each in table.confidential}


def test_nothing_small_nothing_masked():
    assert protect(table_of(LARGE)) == {}


def test_one_masked_child_needs_another_and_a_primary_mask_alone_is_found():
    table = table_of(LARGE | {"10": 4})
    masks = protect(table)
    assert masks[key("10")] == PRIMARY
    assert [why for place, why in masks.items() if place != key("10")] == [SECONDARY]
    assert attacked(table, masks) == {}
    assert attacked(table, primary_only(table)) == {key("10"): (4, 4)}


def test_the_smallest_loss_is_preferred_and_france_stays():
    masks = protect(table_of(LARGE | {"10": 4}))
    assert set(masks) == {key("10"), key("08")}


def test_corsica_masks_both_or_reaches_the_region():
    table = table_of(LARGE | {"2A": 4})
    masks = protect(table)
    assert {key("2A"), key("2B")} <= set(masks)
    assert attacked(table, masks) == {}


def test_an_overseas_region_is_its_departement():
    table = table_of(LARGE | {"976": 4})
    masks = protect(table)
    assert masks[key("976")] == masks[region("06")] == PRIMARY
    assert attacked(table, masks) == {}
    # Masking one of them only gives the other.
    assert key("976") in attacked(table, {k: v for k, v in masks.items() if k != region("06")})


def test_a_zero_is_shown_and_hides_nobody():
    table = table_of(LARGE | {"2A": 0, "2B": 4})
    masks = protect(table)
    assert key("2A") not in masks and region("94") in masks
    assert attacked(table, masks) == {}


def test_all_zero_but_one():
    table = table_of(dict.fromkeys(REGIONS, 0) | {"08": 4})
    masks = protect(table)
    assert set(masks) == {key("08"), region("44"), key("FR")}
    assert attacked(table, masks) == {}


def test_a_cell_that_the_producer_masked_already_hides_its_neighbour():
    table = table_of(LARGE | {"10": 4, "08": 50}, hidden=("08",))
    masks = protect(table)
    assert masks == {key("10"): PRIMARY}
    assert attacked(table, masks) == {}


def test_a_region_without_a_figure_hands_its_departements_over_to_france():
    counts = {key(code): 100 for code in REGIONS} | {key("10"): 4}
    counts[key("FR")] = sum(counts.values())
    table = make_table(counts, [], {"nb": THRESHOLD}, REGIONS)
    assert attacked(table, primary_only(table)) == {key("10"): (4, 4)}
    assert attacked(table, protect(table)) == {}


def test_a_departement_that_adds_nothing_hides_nothing():
    """Absent, and the région is the sum of the others: everybody knows that it is out of the field."""
    counts = dict(table_of(LARGE | {"2A": 0, "2B": 4}).counts)
    del counts[key("2A")]
    table = make_table(counts, [], {"nb": THRESHOLD}, REGIONS)
    assert exposed(table, {key("2B"): PRIMARY}, set(counts) - {key("2B")}) == {key("2B"): (4, 4)}


def test_a_departement_that_nobody_gives_hides_its_neighbour():
    counts = dict(table_of(LARGE | {"10": 4}).counts)
    del counts[key("08")]
    table = make_table(counts, [], {"nb": THRESHOLD}, REGIONS)
    assert attacked(table, protect(table)) == {}
    assert set(protect(table)) == {key("10")}


def linked_year(first_quarter: int):
    """One département whose year is published beside its quarters; nothing else is."""
    counts = {key("01", f"2025T{n}"): 100 for n in (2, 3, 4)} | {key("01", "2025T1"): first_quarter}
    counts[key("01", "2025T4", group="an")] = 300 + first_quarter
    return make_table(counts, [], {"nb": THRESHOLD, "an": THRESHOLD}, {"01": "84"}, {"an": "nb"})


def test_a_masked_quarter_is_not_the_year_less_the_others():
    table = linked_year(first_quarter=4)
    assert attacked(table, primary_only(table)) == {key("01", "2025T1"): (4, 4)}
    masks = protect(table)
    assert len(masks) == 2
    assert attacked(table, masks) == {}


def test_an_earlier_publication_is_not_unsaid():
    """What was given once hides nothing: another neighbour is masked."""
    table = table_of(LARGE | {"10": 4, "51": 90})
    masks = protect(table, Past(frozenset({key("08")}), table))
    assert set(masks) == {key("10"), key("51")}
    assert exposed(table, masks, shown(table, masks) | {key("08")}) == {}


def test_when_all_was_given_before_the_present_is_protected_by_itself():
    table = table_of(LARGE | {"10": 4})
    masks = protect(table, Past(frozenset(table.counts) - {key("10")}, table))
    assert attacked(table, masks) == {}


def test_a_correction_does_not_let_another_neighbour_show_what_the_first_one_hid():
    """51 was 300 beside 10 and 08, both masked. It is 70 now: masked in place of 08, it would let 08 open the
    sum of that day."""
    table = table_of(LARGE | {"10": 4, "08": 90, "51": 70})
    given = dict(table.counts) | {key("08"): None, key("10"): None}
    given |= {key("51"): 300, region("44"): given[region("44")] + 230}
    past = Past(frozenset(), with_past_sums(table, {each: {"v1": count} for each, count in given.items()}))
    careless = protect(table)
    assert key("08") not in careless
    assert exposed(past.table, careless, shown(table, careless) | past.known) == {
        key("10"): (4, 4),
        key("51"): (70, 70),
    }
    masks = protect(table, past)
    assert key("08") in masks
    assert exposed(past.table, masks, shown(table, masks) | past.known) == {}


def test_what_must_stay_possible_is_around_the_count_and_inside_what_the_rule_says():
    for threshold in range(3, 30):
        for count in range(1, threshold):
            low, high = protection_interval(count, threshold)
            assert 1 <= low <= count <= high <= threshold - 1
            assert high - low == (threshold - 1) // 2


def test_a_large_count_of_two_doctors_is_masked_and_kept_ten_per_cent_away():
    table = table_of(LARGE | {"10": 500}, doctors={"10": 2})
    masks = protect(table)
    assert masks[key("10")] == CONTRIBUTORS
    low, high = intervals(table, masks, shown(table, masks))[key("10")]
    assert low >= THRESHOLD and high - low >= 100
    assert attacked(table, masks) == {}
    assert attacked(table, primary_only(table)) == {key("10"): (500, 500)}
    assert protect(table_of(LARGE | {"10": 500}, doctors={"10": 3})) == {}


def test_a_total_has_as_many_doctors_as_its_largest_part_and_no_more_is_known():
    """Two and two in Corsica may be the same two; whoever knows the région knows a colleague's acts."""
    masks = protect(table_of(LARGE, doctors={"2A": 2, "2B": 2}))
    assert masks[region("94")] == masks[key("2A")] == masks[key("2B")] == CONTRIBUTORS
    assert region("94") not in protect(table_of(LARGE, doctors={"2A": 2, "2B": 9}))


def test_a_count_of_which_nobody_says_how_many_made_it_is_masked():
    table = table_of(LARGE)
    assert made_by_few(table, {}, {"nb": 3}) == set(table.counts)
    assert made_by_few(table, {}, {"nb": 0}) == set()


def test_a_count_of_few_doctors_under_the_threshold_says_the_threshold_and_zero_says_nothing():
    masks = protect(table_of(LARGE | {"10": 4, "08": 0}, doctors={"10": 1, "08": 0}))
    assert masks[key("10")] == PRIMARY and key("08") not in masks


def test_the_margin_is_around_the_count_and_never_under_the_threshold():
    for count in range(11, 400):
        low, high = margin_interval(count, 11)
        assert 11 <= low <= count <= high and high - low >= max(5, 0.2 * count)


def test_the_attacker_knows_the_threshold():
    """Two primary counts of 10 in a sum of 20 are found: neither may pass 10."""
    table = table_of(dict.fromkeys(REGIONS, 0) | {"2A": 10, "2B": 10})
    bounds = intervals(table, primary_only(table), shown(table, primary_only(table)))
    assert bounds[key("2A")] == (10, 10)
    assert attacked(table, protect(table)) == {}


def test_small_parts_of_a_small_total_are_not_asked_for_more_than_the_rule_leaves():
    """9 and 1 in a total of 10: whoever reads the labels knows that the first is 9 at most."""
    table = table_of(LARGE | {"2A": 9, "2B": 1})
    masks = protect(table)
    bounds = intervals(table, masks, shown(table, masks))
    assert bounds[key("2A")] == (1, 9)
    assert attacked(table, masks) == {}


def test_a_label_that_would_give_the_total_is_not_told():
    """Ten parts of 1 make 10 at least; a primary total is 10 at most."""
    regions = {f"{number:02}": "84" for number in range(1, 11)} | {"22": "53", "29": "53"}
    table = table_of(dict.fromkeys(regions, 1) | {"22": 100, "29": 100}, regions=regions)
    masks = protect(table)
    assert attacked(table, primary_only(table))
    assert masks[region("84")] == SECONDARY
    assert attacked(table, masks) == {}


def test_a_large_national_figure_keeps_its_precision():
    """Tens of millions beside a count of four."""
    table = table_of(dict.fromkeys(REGIONS, 3_000_000) | {"10": 4, "29": 7, "971": 2})
    assert attacked(table, protect(table)) == {}


@pytest.mark.parametrize("answer", [None, []], ids=["none", "too little"])
def test_what_the_engine_leaves_open_is_closed(monkeypatch, answer):
    monkeypatch.setattr(tauargus, "solve", lambda folder, problems: [answer for _ in problems])
    table = table_of(LARGE | {"10": 4, "2A": 7, "976": 2})
    assert attacked(table, protect(table)) == {}


def test_a_problem_that_kills_the_engine_does_not_take_the_others_along(tmp_path, monkeypatch):
    """A shell stands for the engine: it dies on the first problem that has no answer, then solves."""
    shell = tmp_path / "moteur"
    shell.write_text(
        "#!/bin/sh\nfor p in *.jj; do a=${p%.jj}.reponse; [ -e $a ] && continue;"
        " [ $p = 000000.jj ] && kill -SEGV $$; echo 3 > $a; done\n"
    )
    shell.chmod(0o755)
    monkeypatch.setattr(tauargus.sys, "executable", str(shell))
    folder = tmp_path / "problemes"
    folder.mkdir()
    assert tauargus.solve(folder, ["a", "b"]) == [None, [3]]


def test_an_engine_that_cannot_start_stops_the_build(monkeypatch):
    monkeypatch.setattr(tauargus.sys, "executable", "/bin/false")
    with pytest.raises(AccesSoinsError, match="moteur Tau-Argus s'est arrêté"):
        protect(table_of(LARGE | {"10": 4}))


def test_the_engine_writes_nothing_where_the_build_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    protect(table_of(LARGE | {"10": 4}))
    assert list(tmp_path.iterdir()) == []


def check_random_tables(seeds):
    table = forest(seeds)
    masks = protect(table)
    assert table.confidential <= set(masks)
    assert attacked(table, masks) == {}
    return table


def test_random_tables_hold_against_the_attacker_and_primary_masks_alone_do_not():
    table = check_random_tables(range(24))
    found = attacked(table, primary_only(table))
    assert len({each.group.partition("-")[2] for each in found}) > 12


@pytest.mark.parametrize("seed", [1102, 1588, 1722])
def test_without_the_engine_neighbours_of_neighbours_are_masked(seed, monkeypatch):
    """Where a count is still too well known after all that stands in its own sums is masked."""
    monkeypatch.setattr(suppression, "_solve", lambda systems, known: [None] * len(systems))
    table = random_table(seed)
    masks = protect(table)
    assert table.confidential <= set(masks)
    assert attacked(table, masks) == {}


@pytest.mark.long
@pytest.mark.parametrize("start", range(1000, 2000, 50))
def test_a_thousand_random_tables_hold_against_the_attacker(start):
    check_random_tables(range(start, start + 50))
