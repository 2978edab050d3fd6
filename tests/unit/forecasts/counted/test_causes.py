import numpy as np
import pandas as pd
import pytest

from forecasts.counted.causes import expected_rates

REGIONS = 4


def company(parts=600, bends=lambda age: 1.0, family=lambda part: f"F{part % 3}", reach=0.0, seed=5):
    """Draw parts on 200 to 60,000 vehicles each, in four regions; the need per piece bends with age and reach."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(1.0, 12.0, parts).round(3)
    fleet = np.exp(rng.uniform(np.log(200), np.log(60_000), parts))
    own = rng.gamma(2.0, 0.5, parts)
    part = np.repeat(np.arange(parts), REGIONS)
    fitted = (fleet[part] * rng.uniform(0.1, 0.4, len(part))).round()
    yearly = 0.002 * own * np.array([bends(a) for a in age - 0.5]) * (fleet / 3_000) ** reach
    return pd.DataFrame(
        {
            "part": [f"P{p:04d}" for p in part],
            "family": [family(p) for p in part],
            "fitted": fitted,
            "fitted_before": fitted,
            "part_age_years": age[part],
            "units": rng.poisson(yearly[part] * fitted).astype(float),
            "days": 365,
            "seasoned": True,
        }
    )


def newcomer(**causes):
    usual = {"part": "new", "family": "F0", "fitted": 10_000.0, "fitted_before": 10_000.0, "part_age_years": 3.0}
    return pd.DataFrame([{**usual, "units": 0.0, "days": 10, "seasoned": False, **causes}])


def asked(learned, *rows):
    """Return the units a year expected of the rows, the regression having been fitted."""
    found = expected_rates(pd.concat([learned, *rows], ignore_index=True))
    assert found.fallback == ""
    return 365 * found.per_day[len(learned) :]


def test_parts_that_wear_faster_with_age_are_expected_to():
    learned = company(bends=lambda age: 1 + age)
    young, old = asked(learned, newcomer(part="a", part_age_years=2.0), newcomer(part="b", part_age_years=10.0))
    assert (young, old) == (pytest.approx(60, rel=0.2), pytest.approx(220, rel=0.2))


def test_an_effect_of_age_that_ends_at_five_years_is_bent_there():
    learned = company(bends=lambda age: min(1 + age, 6))
    young, old = asked(learned, newcomer(part="a", part_age_years=2.0), newcomer(part="b", part_age_years=11.0))
    assert (young, old) == (pytest.approx(60, rel=0.2), pytest.approx(120, rel=0.2))


def test_without_an_effect_of_age_none_is_learned_of_chance():
    young, old = asked(company(), newcomer(part="a", part_age_years=2.0), newcomer(part="b", part_age_years=10.0))
    assert old / young == pytest.approx(1.0, abs=0.2)


def test_the_need_grows_with_the_fleet_where_every_piece_wears_alike():
    few, many = asked(company(), newcomer(part="a", fitted=1_000.0), newcomer(part="b", fitted=20_000.0))
    assert (few, many) == (pytest.approx(2, rel=0.3), pytest.approx(40, rel=0.3))


def test_the_need_does_not_grow_with_the_fleet_where_parts_of_many_vehicles_wear_less():
    learned = company(reach=-1.0)
    few, many = asked(learned, newcomer(part="a", fitted=1_000.0), newcomer(part="b", fitted=20_000.0))
    assert many / few == pytest.approx(1.0, rel=0.4)


def test_a_fleet_that_grew_is_divided_by_what_it_was_and_multiplied_by_what_it_is():
    still = company()
    grown = still.assign(fitted=2 * still["fitted"])
    twice = expected_rates(grown).per_day.sum() / expected_rates(still).per_day.sum()
    assert twice == pytest.approx(2.0, rel=0.01)


def test_what_is_expected_of_the_parts_learned_from_is_what_they_needed():
    learned = company(bends=lambda age: 1 + age / 3)
    now = learned.assign(part_age_years=learned["part_age_years"] + 0.5)
    assert 365 * expected_rates(now).per_day.sum() == pytest.approx(learned["units"].sum(), rel=0.1)


def test_a_family_of_many_parts_is_believed_and_one_of_a_single_part_hardly():
    def family(part):
        return "one" if part == 0 else ("busy" if part % 2 else "calm")

    learned = company(family=family)
    factor = learned["family"].map({"one": 0.0, "busy": 3.0, "calm": 1.0})
    learned["units"] = (learned["units"] * factor).round()
    rows = [newcomer(part=name, family=name) for name in ("busy", "calm", "one", "unheard of")]
    busy, calm, one, unknown = asked(learned, *rows)
    assert busy / calm == pytest.approx(3.0, rel=0.3)
    assert 0.3 * unknown < one < unknown
    assert calm < unknown < busy


def test_where_nothing_is_fitted_or_no_one_knows_nothing_is_expected():
    nothing, none = asked(company(), newcomer(part="a", fitted=np.nan), newcomer(part="b", fitted=0.0))
    assert np.isnan(nothing)
    assert none == 0.0


def test_a_part_of_unknown_age_is_expected_to_be_as_those_of_unknown_age():
    learned = company()
    hidden = learned["part"].str[-1].isin(["0", "1", "2", "3"])
    learned["part_age_years"] = learned["part_age_years"].mask(hidden)
    learned["units"] = learned["units"].where(hidden, 4 * learned["units"])
    known, unknown = asked(learned, newcomer(part="a"), newcomer(part="b", part_age_years=np.nan))
    assert known / unknown == pytest.approx(4.0, rel=0.35)


def test_an_age_beyond_those_seen_counts_as_the_nearest():
    learned = company(bends=lambda age: 1 + age)
    old, ancient = asked(learned, newcomer(part="a", part_age_years=12.0), newcomer(part="b", part_age_years=80.0))
    assert ancient == pytest.approx(old)


def test_beyond_the_fleets_seen_the_need_is_in_proportion():
    learned = company(reach=-1.0)
    many, more = asked(learned, newcomer(part="a", fitted=1e6), newcomer(part="b", fitted=1e7))
    assert more / many == pytest.approx(10.0)


def test_a_few_parts_give_the_ratio_of_their_family_and_the_reason():
    learned = company(parts=9)
    found = expected_rates(pd.concat([learned, newcomer(), newcomer(family="none")], ignore_index=True))
    assert found.fallback.startswith("9 parts with ")
    own = learned[learned["family"] == "F0"]
    ratio = own["units"].sum() / (365 * own["fitted"].sum())
    assert found.per_day[-2] == pytest.approx(10_000 * ratio, abs=1e-9)
    assert np.isnan(found.per_day[-1])


def test_parts_that_never_sold_where_their_age_is_unknown_are_separated_and_the_ratio_holds():
    learned = company()
    hidden = learned["part"].str[-1].isin(["0", "1", "2"])
    learned["part_age_years"] = learned["part_age_years"].mask(hidden)
    learned["units"] = learned["units"].mask(hidden, 0.0)
    found = expected_rates(learned)
    assert "ratio of units to vehicles by family" in found.fallback
    assert np.isfinite(found.per_day).all()


@pytest.mark.parametrize("units", [0.0, 1e9, np.nan])
def test_demand_of_nothing_of_absurd_size_or_unknown_is_no_error(units):
    found = expected_rates(company(parts=60).assign(units=units))
    assert len(found.per_day) == 60 * REGIONS


def test_an_empty_table_has_no_rates():
    found = expected_rates(company().iloc[:0])
    assert (len(found.per_day), found.fallback[:7]) == (0, "0 parts")


def test_parts_all_alike_have_a_rate_of_their_family_alone():
    learned = company().assign(part_age_years=np.nan, fitted=100.0, fitted_before=100.0, units=3.0)
    assert expected_rates(learned).per_day == pytest.approx(3 / 365)


def test_the_order_of_rows_changes_no_byte():
    learned = company(bends=lambda age: 1 + age)
    order = np.random.default_rng(3).permutation(len(learned))
    found = expected_rates(learned.iloc[order]).per_day
    assert found.tobytes() == expected_rates(learned).per_day[order].tobytes()


def test_a_column_that_is_missing_is_named():
    with pytest.raises(ValueError, match="fitted_before"):
        expected_rates(company().drop(columns="fitted_before"))
