"""What decides how a network is trained: optimizer, learning rate, weight decay, the loss."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

import keras
import numpy as np

from mobilenet_lib.costs import is_number

# He et al. 2015 (arXiv 1502.01852): a weight that sees n inputs starts with variance 2/n. A depthwise filter sees the
# 3·3 inputs of its own channel. Keras' "he_normal" counts those of all channels, and so starts far too small.
DEPTHWISE_HE_NORMAL = {"class_name": "RandomNormal", "config": {"stddev": math.sqrt(2 / 9)}}
DEPTHWISE = (keras.layers.DepthwiseConv1D, keras.layers.DepthwiseConv2D)
INITIALIZERS = {"he_normal": DEPTHWISE_HE_NORMAL, "keras": "glorot_uniform"}


# What a setting must be, in words and as a test.
LIMITS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "schedule": ("'cosine' or 'constant'", lambda value: value in ("cosine", "constant")),
    "learning_rate": ("above 0 and finite", lambda value: is_number(value) and 0 < value < math.inf),
    "weight_decay": ("0 or more and finite", lambda value: is_number(value) and 0 <= value < math.inf),
    **dict.fromkeys(
        ("warmup", "label_smoothing", "momentum", "dropout"),
        ("from 0 to below 1", lambda value: is_number(value) and 0 <= value < 1),
    ),
    "seed": ("a whole number from 0 to 2**32 - 1", lambda value: is_number(value, Integral) and 0 <= value < 2**32),
}


def check(settings: dict[str, Any]) -> None:
    """Raise `ValueError` for the first of the `settings` of `train` or of the command line that is out of range."""
    for name, (allowed, fits) in LIMITS.items():
        if name in settings and not fits(settings[name]):
            raise ValueError(f"{name} must be {allowed}, not {settings[name]!r}")


@dataclass(frozen=True)
class Recipe:
    """AdamW, its learning rate, its weight decay, and the loss.

    The learning rate follows `rate`, `weight_decay` falls on the kernels that mix channels; without decay, AdamW is
    Adam. Raises `ValueError` for a value out of range.
    """

    learning_rate: float = 4e-3
    schedule: str = "cosine"
    warmup: float = 0.1
    weight_decay: float = 0.05
    label_smoothing: float = 0.1

    def __post_init__(self) -> None:
        for setting in fields(self):
            value = getattr(self, setting.name)
            if isinstance(value, np.generic):  # JSON, in which recipes are kept, has no scalars of NumPy
                object.__setattr__(self, setting.name, value.item())
        check(vars(self))


def compile_model(model: keras.Model, recipe: Recipe | None = None, *, steps: int) -> None:
    """`model.compile` with the recipe of `train`, for a training of `steps` steps."""
    recipe = recipe or Recipe()
    schedule = rate(steps, recipe.learning_rate, schedule=recipe.schedule, warmup=recipe.warmup)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    decaying = {id(weight) for weight in decays(model)}
    optimizer.exclude_from_weight_decay([w for w in model.trainable_variables if id(w) not in decaying])
    classes = model.output_shape[-1]

    def loss(labels, probabilities):
        labels = keras.ops.one_hot(keras.ops.cast(keras.ops.reshape(labels, (-1,)), "int32"), classes)
        return keras.losses.categorical_crossentropy(labels, probabilities, label_smoothing=recipe.label_smoothing)

    model.compile(optimizer, loss=loss, metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")])


def rate(
    steps: int, learning_rate: float, *, schedule: str = "cosine", warmup: float = 0.1
) -> keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate over a training of `steps` steps.

    It rises from zero to `learning_rate` over the share `warmup` of them; then it falls to zero along half a cosine,
    or stays where it is with the `schedule` "constant".
    """
    rising = round(steps * warmup)
    return keras.optimizers.schedules.CosineDecay(
        0.0 if rising else learning_rate,
        max(1, steps - rising),
        alpha={"cosine": 0.0, "constant": 1.0}[schedule],
        warmup_target=learning_rate if rising else None,
        warmup_steps=rising,
    )


def decays(model: keras.Model) -> list[keras.Variable]:
    """The weights of `model` that weight decay falls on: the kernels of standard, pointwise and dense layers.

    Those of depthwise layers have nine weights a channel, and the paper found it important to put little or no decay on
    them (section 3.2).
    """
    depthwise = (layer for layer in model._flatten_layers() if isinstance(layer, DEPTHWISE))
    spared = {id(weight) for layer in depthwise for weight in layer.trainable_variables}
    kernels = (weight for weight in model.trainable_variables if weight.name.endswith("kernel"))
    # The other name is that of a separable layer's first kernel.
    return [kernel for kernel in kernels if id(kernel) not in spared and kernel.name != "depthwise_kernel"]


# What `--recipe` stands for: defaults of the other options.
RECIPES: dict[str, dict[str, Any]] = {
    "repaired": {},
    "keras": {
        "learning_rate": 1e-3,
        "schedule": "constant",
        "warmup": 0.0,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "momentum": 0.99,
        "initializer": "keras",
        "augment": False,
    },
    "fine-tune": {
        "resolution": 224,
        "test_resolution": 288,
        "epochs": 12,
        "learning_rate": 5e-4,
        "initializer": "imagenet",
    },
}
