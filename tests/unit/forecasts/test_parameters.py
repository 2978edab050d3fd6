from dataclasses import fields

import pytest

from forecasts.parameters import Parameters


def test_every_parameter_has_a_unit_and_a_reason():
    for declared in fields(Parameters):
        assert declared.metadata["unit"] and len(declared.metadata["why"]) > 20, declared.name


@pytest.mark.parametrize("name", ["horizon_days", "half_life_weeks", "workers", "prior_strength"])
def test_a_parameter_that_must_be_positive_is_refused_at_zero(name):
    with pytest.raises(ValueError, match=name):
        Parameters(**{name: 0})


def test_shares_and_ratios_are_held_to_their_range():
    with pytest.raises(ValueError, match="zero_share"):
        Parameters(ets_max_zero_share=1.5)
    with pytest.raises(ValueError, match="trend_limit"):
        Parameters(trend_limit=0.5)
