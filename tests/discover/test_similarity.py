"""Cosines of gradients against those of materialised gradients; sketches within their error; state, workers, bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_models import FAMILIES, random_tokens, tiny

import quantal
from quantal.errors import DataError, DataWarning, InputError

pytestmark = pytest.mark.extras


def materialised(model: Any, tokens: list[tuple[list[int], int]]) -> np.ndarray:
    """Cosines of whole gradients, each from the full sequence, over all but embeddings and norms."""
    import torch

    model.eval()
    outside = {id(model.get_input_embeddings().weight), id(model.get_output_embeddings().weight)}
    names = [
        name
        for name, parameter in model.named_parameters()
        if id(parameter) not in outside and not any(part in name.lower() for part in ("norm", "ln_", "wpe"))
    ]
    wanted = [dict(model.named_parameters())[name] for name in names]
    rows = []
    for ids, position in tokens:
        logits = model(torch.tensor([ids])).logits[0, position - 1]
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor(ids[position]))
        rows.append(torch.cat([one.flatten() for one in torch.autograd.grad(loss, wanted)]).double().numpy())
    whole = np.array(rows)
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    return whole @ whole.T


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_exact_cosines(family: str, tied: bool) -> None:
    import torch

    tokens = random_tokens(10)
    for dtype, bound in ((torch.float32, 1e-5), (torch.float64, 1e-10)):
        model = tiny(family, tied=tied).to(dtype)
        found = quantal.discover.similarity(model, tokens, mode="exact")
        assert np.abs(found - materialised(model, tokens)).max() < bound


def test_exact_cosines_in_many_blocks() -> None:
    tokens = random_tokens(10)
    model = tiny("gpt2")
    whole = quantal.discover.similarity(model, tokens, mode="exact")
    pieces = quantal.discover.similarity(model, tokens, mode="exact", memory=2e5)
    assert np.abs(whole - pieces).max() < 1e-6


def test_sketch_error_is_as_stated() -> None:
    model = tiny("llama", width=96)
    tokens = random_tokens(40)
    exact = quantal.discover.similarity(model, tokens, mode="exact")
    above = np.triu_indices(40, 1)
    for size in (4099, 16411):
        found = quantal.discover.similarity(model, tokens, mode="sketch", sketch_size=size)
        error = np.sqrt(np.mean((found - exact)[above] ** 2))
        assert error < 1.3 / np.sqrt(size)
        assert np.abs(np.mean((found - exact)[above])) < 0.3 / np.sqrt(size)
    measured = quantal.discover.measure(model, tokens, "sketch", sketch_size=4099)
    assert 0.5 / np.sqrt(4099) < measured.rms_error < 1.3 / np.sqrt(4099)
    few = quantal.discover.similarity(model, tokens, mode="sketch", sketch_size=100_003)
    assert np.abs(few - exact).max() < 0.02


def test_gradients_with_fewer_entries_than_buckets_are_exact() -> None:
    model = tiny("gpt_neox")
    tokens = random_tokens(12)
    exact = quantal.discover.similarity(model, tokens, mode="exact")
    assert np.abs(quantal.discover.similarity(model, tokens, mode="sketch") - exact).max() < 1e-5


def test_any_module_with_a_loss() -> None:
    import torch

    class Shared(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(6, 8)
            self.again = torch.nn.Linear(8, 8, bias=False)
            self.last = torch.nn.Linear(8, 3)
            self.act = torch.nn.ReLU(inplace=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(self.again(self.again(self.act(self.first(x)))))

    torch.manual_seed(0)
    model = Shared().double()
    pairs = [(torch.randn(6, dtype=torch.float64), torch.tensor(i % 3)) for i in range(9)]
    loss = torch.nn.functional.cross_entropy
    rows = []
    for inputs, target in pairs:
        grads = torch.autograd.grad(loss(model(inputs), target), list(model.parameters()))
        rows.append(torch.cat([one.flatten() for one in grads]).numpy())
    whole = np.array(rows) / np.linalg.norm(rows, axis=1, keepdims=True)
    found = quantal.discover.similarity(model, pairs, mode="exact", loss=loss)
    assert np.abs(found - whole @ whole.T).max() < 1e-10
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_plain_language_model_leaves_its_unembedding_out() -> None:
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Embedding(20, 8), torch.nn.Linear(8, 8), torch.nn.Linear(8, 20))
    tokens = [([1, 2, 3], 1), ([4, 5, 6], 2), ([7, 8, 9], 2)]
    measured = quantal.discover.measure(model, tokens, "exact", sample=3)
    assert measured.entries == 8 * 9
    assert measured.rms_error < 1e-6


def test_bfloat16() -> None:
    import torch

    tokens = random_tokens(8)
    rough = quantal.discover.similarity(tiny("llama").to(torch.bfloat16), tokens, mode="exact")
    fine = quantal.discover.similarity(tiny("llama"), tokens, mode="exact")
    assert np.abs(rough - fine).max() < 0.1


def test_seeds_and_workers_do_not_change_the_numbers(tmp_path: Path) -> None:
    model, tokens = tiny("gpt_neox"), random_tokens(70)
    one = quantal.discover.similarity(model, tokens, sketch_size=997, seed=3)
    two = quantal.discover.similarity(model, tokens, sketch_size=997, seed=3, workers=2, state=tmp_path / "state")
    assert np.array_equal(one, two)


def test_state_goes_on_and_survives_damage(tmp_path: Path) -> None:
    model, tokens = tiny("gpt_neox"), random_tokens(130)
    place = tmp_path / "state"
    settings: dict[str, Any] = {"sketch_size": 997, "state": place}

    class Killed(Exception):
        pass

    def kill(done: int, total: int | None) -> None:
        if done >= 100:
            raise Killed

    with pytest.raises(Killed):
        quantal.discover.similarity(model, tokens, progress=kill, **settings)
    (kept,) = place.glob("unit-*.npy")
    kept.write_bytes(kept.read_bytes()[:-100])
    told: list[int] = []
    with pytest.warns(DataWarning, match="not whole"):
        found = quantal.discover.similarity(model, tokens, progress=lambda done, total: told.append(done), **settings)
    assert told[-1] == 130
    assert np.array_equal(found, quantal.discover.similarity(model, tokens, sketch_size=997))
    again: list[int] = []
    quantal.discover.similarity(model, tokens, progress=lambda done, total: again.append(done), **settings)
    assert again == [130]
    with pytest.raises(InputError, match="other work: tokens"):
        quantal.discover.similarity(model, random_tokens(130, seed=1), **settings)
    (place / "state.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        quantal.discover.similarity(model, tokens, **settings)


def test_bad_input_is_named() -> None:
    import torch

    tokens = random_tokens(4)
    model = tiny("gpt_neox")
    similarity = quantal.discover.similarity
    with pytest.raises(InputError, match="at least two"):
        similarity(model, tokens[:1])
    with pytest.raises(InputError, match="position 0"):
        similarity(model, [([1, 2], 0), ([1, 2], 1)])
    with pytest.raises(InputError, match="id 999 is outside the model's vocabulary of 260"):
        similarity(model, [([1, 999], 1), ([1, 2], 1)])
    with pytest.raises(InputError, match="context of 64"):
        similarity(model, [([1] * 80, 79), ([1, 2], 1)])
    with pytest.raises(InputError, match="mode"):
        similarity(model, tokens, mode="rough")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"MB.*give more memory"):
        similarity(model, tokens, mode="exact", memory=500)
    conv = torch.nn.Sequential(torch.nn.Conv1d(1, 2, 3), torch.nn.Flatten(0), torch.nn.Linear(8, 2))
    pairs = [(torch.ones(1, 6), torch.tensor(0))] * 2
    with pytest.raises(InputError, match=r"0 \(Conv1d: weight, bias\)"):
        similarity(conv, pairs, loss=torch.nn.functional.cross_entropy)
    with torch.no_grad():
        model.gpt_neox.layers[0].mlp.dense_h_to_4h.weight.fill_(float("nan"))
    with pytest.raises(DataError, match="its loss is nan"):
        similarity(model, tokens)


def test_a_weight_used_behind_the_hooks_is_refused() -> None:
    import torch

    class Behind(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = torch.nn.Linear(4, 4)
            self.two = torch.nn.Linear(4, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.two(torch.nn.functional.linear(x, self.one.weight))

    torch.manual_seed(0)
    pairs = [(torch.randn(4), torch.tensor(i)) for i in (0, 1)]
    with pytest.raises(InputError, match="one"):
        quantal.discover.similarity(Behind(), pairs, loss=torch.nn.functional.cross_entropy)
