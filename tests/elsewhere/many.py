"""The program that trains many networks at once is the network of the library, and its step the step of Keras."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
import on_gpu

from mobilenet_lib import architecture, models, training

LAYERS = {kind: architecture.mobilenet(0.25, 32, 2, separable=kind)[:-1] for kind in (True, False)}
IMAGES = np.random.RandomState(0).randint(0, 256, (16, 32, 32, 3)).astype(np.uint8)
NORMALIZED = IMAGES.astype(np.float32) / 127.5 - 1


@pytest.fixture(params=[True, False], ids=["separable", "standard"])
def separable(request):
    return request.param


@pytest.fixture
def model(separable):
    keras.utils.set_random_seed(0)
    he = training.DEPTHWISE_HE_NORMAL
    return models.mobilenet(0.25, 32, 2, separable=separable, momentum=0.9, depthwise_initializer=he, dropout=0.0)


def tree(model):
    return on_gpu.tree([np.asarray(weight) for weight in model.get_weights()])


@pytest.mark.parametrize("training", [False, True])
def test_its_probabilities_are_those_of_keras(model, separable, training):
    logits, _ = on_gpu.forward(LAYERS[separable], *tree(model), jnp.asarray(NORMALIZED), training)
    expected = np.asarray(model(NORMALIZED, training=training))
    np.testing.assert_allclose(jax.nn.softmax(logits), expected, atol=1e-4)


def test_its_first_step_has_the_loss_and_the_statistics_of_keras(model, separable):
    params, stats = tree(model)
    zeros = jax.tree.map(jnp.zeros_like, params)
    decayed = [(float(layer.kind != "depthwise"), 0.0, 0.0) for layer in LAYERS[separable]] + [(1.0, 0.0)]
    hyper = {"weight_decay": 0.05, "label_smoothing": 0.1, "momentum": 0.9, "augment": 0.0}
    labels = jnp.arange(16) % 2
    given = (jnp.arange(16), jnp.zeros((16, 8)), 0.004)
    state = (params, stats, zeros, zeros, 0.0)
    (_, stats, *_), (loss, _) = on_gpu.step(
        LAYERS[separable], decayed, jnp.asarray(IMAGES), labels, hyper, state, given
    )

    training.compile_model(model, training.Recipe(warmup=0.0), steps=100)
    theirs, _ = model.train_on_batch(NORMALIZED, np.arange(16) % 2)
    assert float(loss) / 16 == pytest.approx(float(theirs), rel=1e-3)
    first = model.get_layer("conv1_bn")
    np.testing.assert_allclose(stats[0][0], np.asarray(first.moving_mean), atol=1e-5)
    np.testing.assert_allclose(stats[0][1], np.asarray(first.moving_variance), rtol=1e-4)
