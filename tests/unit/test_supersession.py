import pandas as pd
import pytest

from vmi.supersession import SupersessionLoop, resolve


def parts(**successor: str) -> pd.DataFrame:
    return pd.DataFrame({"part_id": list(successor), "successor_id": list(successor.values())}, dtype=object)


def fitments(**models: str) -> pd.DataFrame:
    rows = [(p, m) for p, names in models.items() for m in names.split()]
    return pd.DataFrame(rows, columns=["part_id", "model"])


def picks(found, ordered: str) -> list[str]:
    table = found.substitutes
    return table.loc[table["ordered_part_id"] == ordered, "part_id"].tolist()


def test_a_chain_ends_at_its_last_part_and_a_part_alone_at_itself() -> None:
    found = resolve(parts(A="B", B="C", C="", D=""))
    assert found.final.to_dict() == {"A": "C", "B": "C", "C": "C", "D": "D"}


def test_two_parts_may_share_a_successor_without_serving_each_other() -> None:
    found = resolve(parts(A="C", B="C", C=""))
    assert found.final["A"] == found.final["B"] == "C"
    assert picks(found, "A") == ["A", "C"]


def test_a_loop_is_refused_and_names_its_parts_only() -> None:
    with pytest.raises(SupersessionLoop, match="B, C") as caught:
        resolve(parts(A="B", B="C", C="B", D=""))
    assert caught.value.parts == ["B", "C"]


def test_a_part_that_supersedes_itself_is_a_loop() -> None:
    with pytest.raises(SupersessionLoop):
        resolve(parts(A="A"))


def test_a_successor_nobody_knows_ends_the_chain_before_it() -> None:
    assert resolve(parts(A="gone")).final["A"] == "A"


def test_a_long_chain_is_followed_to_its_end() -> None:
    names = [f"P{i:04d}" for i in range(1000)]
    table = pd.DataFrame({"part_id": names, "successor_id": [*names[1:], ""]})
    assert set(resolve(table).final) == {"P0999"}


def test_old_stock_goes_first_where_neither_part_has_fitments() -> None:
    assert picks(resolve(parts(A="B", B="C", C="")), "C") == ["A", "B", "C"]


def test_an_old_part_serves_a_later_one_only_if_it_fits_all_its_models() -> None:
    chain = parts(A="B", B="")
    assert picks(resolve(chain, fitments(A="m1 m2", B="m1")), "B") == ["A", "B"]
    assert picks(resolve(chain, fitments(A="m1", B="m1 m2")), "B") == ["B"]
    assert picks(resolve(chain, fitments(B="m1")), "B") == ["B"]


def test_a_later_part_always_serves_an_order_for_an_earlier_one() -> None:
    found = resolve(parts(A="B", B=""), fitments(A="m1", B="m2"))
    picked, ordered = pd.Series(["B", "A", "A"]), pd.Series(["A", "A", "B"])
    assert found.fits(picked, ordered).tolist() == [True, True, False]
    assert found.serves_final(pd.Series(["A", "B"])).tolist() == [False, True]


def test_parts_in_another_order_give_the_same_answer() -> None:
    table = parts(A="B", B="C", C="", D="C")
    pd.testing.assert_frame_equal(resolve(table).substitutes, resolve(table.iloc[::-1]).substitutes)
