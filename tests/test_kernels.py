"""Standard kernels by rank: what a separable layer of Keras has, and what a network keeps that is cut to it."""

import json

import keras
import kernels
import numpy as np
import pytest
from processes import stopped

from mobilenet_lib import models, training
from mobilenet_lib.training import __main__ as cli

RANDOM = np.random.default_rng(0).normal(size=(3, 3, 5, 16))


@pytest.mark.parametrize("multiplier", [1, 2, 3])
def test_a_separable_layer_of_keras_has_the_rank_of_its_depth_multiplier(multiplier):
    keras.utils.set_random_seed(0)
    layer = keras.layers.SeparableConv2D(16, 3, padding="same", depth_multiplier=multiplier, use_bias=False)
    impulses = np.zeros((5, 3, 3, 5), "float32")  # a 1 in the middle of each of five channels
    impulses[range(5), 1, 1, range(5)] = 1
    answers = np.asarray(layer(impulses))[:, ::-1, ::-1]  # a convolution answers with its kernel, turned around
    kernel = np.moveaxis(answers, 0, 2)
    shares = kernels.energy(kernel)
    assert shares[multiplier - 1] == pytest.approx(1) and (multiplier == 1 or shares[multiplier - 2] < 0.99)
    np.testing.assert_allclose(kernels.of_rank(kernel, multiplier), kernel, atol=1e-6)


def test_a_random_kernel_has_the_share_that_random_matrix_theory_gives():
    """Marchenko and Pastur 1967: the largest of 9 × n, n large, has about (1 + √(9 / n))² / 9 of the squares."""
    kernel = np.random.default_rng(1).normal(size=(3, 3, 20, 900))
    assert kernels.energy(kernel)[0] == pytest.approx((1 + 0.1) ** 2 / 9, rel=0.05)


def test_nine_ranks_are_all_there_are():
    assert len(kernels.energy(RANDOM)) == 9 and kernels.energy(RANDOM)[-1] == pytest.approx(1)
    np.testing.assert_allclose(kernels.of_rank(RANDOM, 9), RANDOM)


def test_what_is_cut_away_is_what_the_energy_says():
    for rank in (1, 4):
        away = ((RANDOM - kernels.of_rank(RANDOM, rank)) ** 2).sum() / (RANDOM**2).sum()
        assert 1 - away == pytest.approx(kernels.energy(RANDOM)[rank - 1])


def test_a_network_of_separable_layers_of_keras_does_what_the_network_cut_to_their_rank_does():
    keras.utils.set_random_seed(0)
    model = models.mobilenet(0.1, 32, 2, separable=False)
    cut = keras.models.clone_model(model)
    cut.set_weights(model.get_weights())
    for number in range(1, 14):
        layer = cut.get_layer(f"conv_{number}")
        layer.kernel.assign(kernels.of_rank(layer.kernel, 2))
    image = np.random.default_rng(0).uniform(-1, 1, size=(2, 32, 32, 3)).astype("float32")
    separable = kernels.separated(model, rank=2)
    np.testing.assert_allclose(separable(image), cut(image), atol=1e-5)
    assert isinstance(separable.get_layer("conv_5"), keras.layers.SeparableConv2D)
    assert isinstance(separable.get_layer("conv1"), keras.layers.Conv2D)


def test_the_command_records_the_kernels_of_a_kept_model_and_leaves_the_model_as_it_was(tmp_path, capsys):
    size = ["--alpha", "0.1", "--resolution", "32", "--limit", "8", "--epochs", "1", "--no-test", "--keep"]
    where = ["--data", "drawn", "--runs", str(tmp_path / "runs")]
    cli.main(["--name", "full", "--no-separable", *size, *where])
    before = (tmp_path / "models" / "full.keras").read_bytes()
    kernels.main(["full", "--limit", "8", *where])
    found = json.loads((tmp_path / "kernels" / "full.json").read_text())
    assert list(found["energy"]) == [f"conv_{number}" for number in range(1, 14)]
    assert all(share[-1] == pytest.approx(1, abs=1e-3) for share in found["energy"].values())
    assert found["command"] == "python scripts/kernels.py full --data drawn"
    kernel = training.load_model(tmp_path / "models" / "full.keras").get_layer("conv_1").kernel
    np.testing.assert_allclose(found["kernel"], np.asarray(kernel), atol=1e-4)
    kernels.main(["full", "--limit", "8", "--tune", "2", *where])
    tuned = json.loads((tmp_path / "kernels" / "full-tuned.json").read_text())
    assert tuned["command"] == f"{found['command']} --tune 2" and len(tuned["epochs"]) == 2
    kernels.main(["full", "--limit", "8", "--tune", "1", "--anew", *where])
    anew = json.loads((tmp_path / "kernels" / "full-anew.json").read_text())
    assert anew["command"] == f"{found['command']} --tune 1 --anew" and anew["params"] == tuned["params"]
    assert (tmp_path / "models" / "full.keras").read_bytes() == before
    assert "nothing" in stopped(kernels.main, ["nothing", *where], capsys)
