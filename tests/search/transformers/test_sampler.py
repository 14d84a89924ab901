"""Drawing tokens: against hand-made distributions, torch's own softmax, and ties."""

from __future__ import annotations

import math

import pytest
import torch

from search.policies.sampler import certainty, draw, entropy, rounded
from search.randomness import uniforms


def one(logits: list[float], uniform: float, temperature: float = 1.0, top_p: float = 1.0) -> tuple[int, float]:
    """Draw from one row."""
    drawn = draw(
        torch.tensor([logits], dtype=torch.float64),
        torch.zeros(1, dtype=torch.long),
        torch.tensor([temperature], dtype=torch.float64),
        torch.tensor([top_p], dtype=torch.float64),
        torch.tensor([uniform], dtype=torch.float64),
    )
    return int(drawn.tokens[0]), float(drawn.logprobs[0])


LOGITS = [math.log(0.2), math.log(0.5), math.log(0.3)]


@pytest.mark.parametrize(
    ("uniform", "token"),
    [(0.0, 0), (0.1999, 0), (0.2001, 1), (0.6999, 1), (0.7001, 2), (1 - 2**-53, 2)],
)
def test_the_inverse_of_the_cumulative_distribution_picks_the_token(uniform: float, token: int) -> None:
    assert one(LOGITS, uniform)[0] == token


def test_log_probabilities_are_the_models_own_whatever_the_temperature_and_nucleus() -> None:
    assert one(LOGITS, 0.1) == (0, -1.609438)  # ln 0.2
    assert one(LOGITS, 0.9, temperature=0.5, top_p=0.99)[1] in (-0.693147, -1.203973, -1.609438)
    assert one(LOGITS, 0.9, temperature=0.0) == (1, -0.693147)


def test_temperature_sharpens_by_powers() -> None:
    # at temperature ½ the probabilities are squared: 4 : 25 : 9 of 38
    assert [one(LOGITS, u, temperature=0.5)[0] for u in (4 / 38 - 1e-4, 4 / 38 + 1e-4)] == [0, 1]
    assert [one(LOGITS, u, temperature=0.5)[0] for u in (29 / 38 - 1e-4, 29 / 38 + 1e-4)] == [1, 2]


def test_top_p_keeps_the_smallest_sufficient_set_in_id_order() -> None:
    # 0.5 + 0.3 reaches 0.8: token 0 is out, the rest is drawn from in proportion 5 : 3
    assert {one(LOGITS, u / 100, top_p=0.75)[0] for u in range(100)} == {1, 2}
    assert [one(LOGITS, u, top_p=0.75)[0] for u in (0.624, 0.626)] == [1, 2]
    assert {one(LOGITS, u / 100, top_p=0.4)[0] for u in range(100)} == {1}
    assert {one([0.0, 0.0, 0.0, 0.0], u / 100, top_p=0.5)[0] for u in range(100)} == {0, 1}  # ties: the lowest ids


def test_argmax_takes_the_lowest_id_among_equals_within_the_resolution() -> None:
    assert one([1.0, 3.0 - 1e-13, 3.0, 3.0 + 1e-13], 0.5, temperature=0.0)[0] == 1


def test_a_token_without_probability_is_never_drawn() -> None:
    logits = [-math.inf, 0.0, -math.inf, 0.0, -math.inf]
    assert [one(logits, u)[0] for u in (0.0, 0.4999, 0.5, 1 - 2**-53)] == [1, 1, 3, 3]


def test_certainty_is_the_divergence_of_the_uniform_distribution_from_the_models_own() -> None:
    rows = torch.tensor([[0.2, 0.5, 0.3], [1 / 3] * 3, [0.98, 0.01, 0.01]], dtype=torch.float64).log()
    # -(ln 0.2 + ln 0.5 + ln 0.3) / 3 - ln 3 = 3.506558 / 3 - 1.098612; and (0.020203 + 2 * 4.605170) / 3 - 1.098612
    assert certainty(rows).tolist() == pytest.approx([0.070240, 0.0, 1.978236], abs=1.5e-6)
    uniform = torch.full((3, 3), 1 / 3, dtype=torch.float64)
    theirs = torch.nn.functional.kl_div(rows, uniform, reduction="none").sum(-1)
    assert certainty(rows).tolist() == pytest.approx(theirs.tolist(), abs=1e-6)


def test_entropy_is_as_torch_has_it_and_what_is_impossible_adds_nothing() -> None:
    rows = torch.tensor([[0.2, 0.5, 0.3], [1 / 3] * 3, [0.5, 0.0, 0.5], [0.0, 1.0, 0.0]], dtype=torch.float64).log()
    theirs = torch.distributions.Categorical(logits=rows).entropy()
    assert entropy(rows).tolist() == pytest.approx(theirs.tolist(), abs=1e-4)
    assert entropy(rows).tolist() == [1.0297, 1.0986, 0.6931, 0.0]


def test_every_sample_gets_the_certainty_of_its_own_row_before_temperature_and_nucleus() -> None:
    logits = torch.tensor([[0.2, 0.5, 0.3], [1 / 3] * 3], dtype=torch.float64).log()
    settings = (torch.tensor([0.0, 2.0, 0.5]).double(), torch.tensor([1.0, 1.0, 0.4]).double())
    drawn = draw(logits, torch.tensor([0, 1, 0]), *settings, torch.zeros(3).double())
    assert drawn.certainties.tolist() == pytest.approx([0.070240, 0.0, 0.070240], abs=1.5e-6)
    assert drawn.entropies.tolist() == [1.0297, 1.0986, 1.0297]


def test_rows_do_not_mix() -> None:
    logits = torch.tensor([LOGITS, [0.0, 5.0, 0.0], LOGITS], dtype=torch.float64)
    temperatures = torch.tensor([0.0, 1.0, 0.8], dtype=torch.float64)
    top_ps, uniforms_now = torch.tensor([1.0, 0.1, 1.0]).double(), torch.tensor([0.9, 0.99, 0.95]).double()
    drawn = draw(logits, torch.arange(3), temperatures, top_ps, uniforms_now)
    assert drawn.tokens.tolist() == [1, 1, 2]
    swapped = draw(logits, torch.tensor([1, 0, 0]), temperatures, top_ps, uniforms_now)
    assert swapped.tokens.tolist() == [1, 1, 2]
    assert swapped.logprobs.tolist() == pytest.approx([-0.013386, -0.693147, -1.203973])
    assert drawn.broken is None


def test_a_nan_row_is_reported_and_its_neighbours_are_not() -> None:
    logits = torch.tensor([LOGITS, [0.0, math.nan, 0.0]], dtype=torch.float64)
    ones = torch.ones(2, dtype=torch.float64)
    drawn = draw(logits, torch.arange(2), ones, ones, 0.5 * ones)
    assert drawn.broken is not None
    assert drawn.broken.tolist() == [False, True]
    assert drawn.tokens[0] == 1


@pytest.mark.parametrize(("temperature", "top_p"), [(1.0, 1.0), (0.7, 1.0), (1.3, 0.9)])
def test_frequencies_follow_the_distribution(temperature: float, top_p: float) -> None:
    """Chi-square of 40,000 draws against torch's softmax; 0.1 % critical values for the cells that are left."""
    torch.manual_seed(5)
    count, vocabulary = 40_000, 12
    logits = torch.randn(vocabulary, dtype=torch.float64)
    full = torch.full((count,), 1.0, dtype=torch.float64)
    u = torch.from_numpy(uniforms(11, "chi", count=count))
    drawn = draw(logits.unsqueeze(0), torch.zeros(count, dtype=torch.long), temperature * full, top_p * full, u)
    expected = torch.softmax(logits / temperature, -1)
    if top_p < 1:
        order = expected.argsort(descending=True)
        kept, total = [], 0.0
        for token in order.tolist():
            kept.append(token)
            total += float(expected[token])
            if total >= top_p:
                break
        nucleus = torch.zeros(vocabulary, dtype=torch.float64)
        nucleus[kept] = expected[kept] / total
        expected = nucleus
    counts = torch.bincount(drawn.tokens, minlength=vocabulary).double()
    cells = expected > 0
    assert not counts[~cells].any()
    statistic = float(((counts - count * expected)[cells] ** 2 / (count * expected)[cells]).sum())
    critical = {12: 31.264, 11: 29.588, 10: 27.877, 9: 26.124, 8: 24.322, 7: 22.458, 6: 20.515}
    assert statistic < critical[int(cells.sum())]


def test_rounding_gives_the_nearest_millionth() -> None:
    assert rounded(torch.tensor([-1.2345674999, 0.0000005001], dtype=torch.float64)).tolist() == [-1.234567, 0.000001]
