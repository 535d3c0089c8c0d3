"""All runs of an experiment at once, on a GPU: one program in JAX that trains many small networks side by side.

    KERAS_BACKEND=jax python scripts/on_gpu.py rates --data data/cats-dogs

A network of 0.2 million parameters leaves a GPU idle. Here all networks of one shape and length, of all arms and seeds,
take each step together (`jax.vmap`), and an epoch is one call. Network, recipe, order of the photos and validation are
those of `python -m mobilenet_lib.training`. Three things differ: the random numbers of weights and crops are drawn by
other generators, nothing is dropped out, and the GPU rounds matrix products (TF32). Records say which device made them.
What is recorded already is not run again.
"""

from __future__ import annotations

import argparse
import functools
import math
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import keras
import numpy as np
from jax import lax

from mobilenet_lib import architecture, data, models, training
from mobilenet_lib.training import __main__ as cli
from mobilenet_lib.training import experiments, options

BATCH = 32
EXACT = lax.Precision.HIGHEST
HYPER = ("weight_decay", "label_smoothing", "momentum", "augment")


def shifted(x: jax.Array, stride: int) -> list[jax.Array]:
    """The nine views of `x` that a 3×3 kernel with "same" padding multiplies."""
    x = jnp.pad(x, ((0, 0), (int(stride == 1), 1), (int(stride == 1), 1), (0, 0)))
    last = x.shape[1] - 2
    return [x[:, i : i + last : stride, j : j + last : stride] for i in range(3) for j in range(3)]


def forward(layers: list, params: list, stats: list, x: jax.Array, training: bool) -> tuple[jax.Array, list]:
    """Logits, and mean and variance of every batch normalization: of this batch, or in validation `stats`."""
    used = []
    for layer, (kernel, gamma, beta), moving in zip(layers, params[:-1], stats, strict=True):
        if layer.kind == "depthwise":
            x = sum(view * weight for view, weight in zip(shifted(x, layer.stride), kernel.reshape(9, -1), strict=True))
        elif layer.kernel == 3:
            views = jnp.concatenate(shifted(x, layer.stride), axis=-1)
            precision = EXACT if layer.name == "conv1" else None
            x = jnp.matmul(views, kernel.reshape(views.shape[-1], -1), precision=precision)
        else:
            x = jnp.matmul(x, kernel[0, 0])
        mean, variance = moving
        if training:
            mean = x.mean((0, 1, 2))
            variance = jnp.maximum((x * x).mean((0, 1, 2)) - mean * mean, 0)
        used.append((mean, variance))
        scale = gamma * lax.rsqrt(variance + models.EPSILON)
        x = jnp.clip(x * scale + (beta - mean * scale), 0, 6)
    kernel, bias = params[-1]
    return jnp.matmul(x.mean((1, 2)), kernel[0, 0], precision=EXACT) + bias, used


def augmented(images: jax.Array, random: jax.Array) -> jax.Array:
    """`data.augment` with these random numbers, `[B, 8]`."""
    size = images.shape[1]
    area, shape, down, across, coin, *light = random.T
    side, shape = jnp.sqrt(0.4 + 0.6 * area), 1.2 ** (shape - 0.5)
    height, width = jnp.minimum(side / shape, 1), jnp.minimum(side * shape, 1)
    top, left = down * (1 - height), across * (1 - width)
    sides = jnp.where(coin < 0.5, left + width, left), jnp.where(coin < 0.5, left, left + width)

    def weights(start, end):  # bilinear: how much each pixel of a line has in each of the new one
        at = start[:, None] * (size - 1) + jnp.arange(size) * (end - start)[:, None]
        return jnp.maximum(0, 1 - jnp.abs(at[:, :, None] - jnp.arange(size)))

    x = jnp.einsum("bih,bhwc->biwc", weights(top, top + height), images, precision=EXACT)
    x = jnp.einsum("bjw,biwc->bijc", weights(*sides), x, precision=EXACT)
    brightness, contrast, saturation = (0.7 + 0.6 * each[:, None, None, None] for each in light)
    gray = x.mean(3, keepdims=True)
    mean = gray.mean((1, 2), keepdims=True)
    return jnp.clip(brightness * (mean + contrast * (gray + saturation * (x - gray) - mean)), 0, 255)


def step(layers: list, decayed: list, images: jax.Array, labels: jax.Array, hyper: dict, state: tuple, given: tuple):
    """One step of one network, as `compile_model` sets it up: AdamW as Keras writes it."""
    params, stats, m, v, count = state
    chosen, random, rate = given
    x = images[chosen].astype(jnp.float32)
    x = jnp.where(hyper["augment"] > 0, augmented(x, random), x) / 127.5 - 1
    truth = labels[chosen]
    targets = jax.nn.one_hot(truth, 2) * (1 - hyper["label_smoothing"]) + hyper["label_smoothing"] / 2

    def loss_of(params):
        logits, used = forward(layers, params, stats, x, True)
        return -(targets * jax.nn.log_softmax(logits)).sum(-1).mean(), (logits, used)

    (loss, (logits, used)), gradients = jax.value_and_grad(loss_of, has_aux=True)(params)
    momentum, count = hyper["momentum"], count + 1
    stats = jax.tree.map(lambda moving, batch: moving * momentum + batch * (1 - momentum), stats, used)
    corrected = rate * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, gradients)
    params = jax.tree.map(
        lambda p, d, m, v: p * (1 - d * hyper["weight_decay"] * rate) - corrected * m / (jnp.sqrt(v) + 1e-7),
        *(params, decayed, m, v),
    )
    return (params, stats, m, v, count), (loss * len(chosen), (logits.argmax(-1) == truth).sum())


def tree(weights: list) -> tuple[list, list]:
    """Keras' list of weights as those that are trained and the moving averages."""
    blocks = [weights[i : i + 5] for i in range(0, len(weights) - 2, 5)]
    return [tuple(block[:3]) for block in blocks] + [tuple(weights[-2:])], [tuple(block[3:]) for block in blocks]


def train(experiment: str, source: str, folder: Path, epochs: int | None, limit: int | None) -> None:
    runs = experiments.EXPERIMENTS[experiment].runs(experiment)
    parser, shapes = options.parser(), {}
    for name, declared in runs.items():
        args = options.parsed(parser, ["--name", name, *options.words(declared)])
        if not (folder / f"{name}.json").exists():
            shapes.setdefault((args.alpha, args.separable, args.epochs), {})[name] = args
    photos = {}
    for asked in shapes.values():
        for args in asked.values():
            if args.seed not in photos:
                split = {"validation": args.validation, "seed": args.seed}
                photos[args.seed] = data.load(args.resolution, source=source, limit=limit, **split)
        together(experiment, asked, photos, folder, epochs)


def together(experiment: str, asked: dict, loaded: dict, folder: Path, epochs: int | None) -> None:
    """Train and record networks of one shape, with the photos of each seed."""
    parser, first = options.parser(), next(iter(asked.values()))
    epochs = epochs or first.epochs
    *layers, _ = architecture.mobilenet(first.alpha, first.resolution, 2, separable=first.separable)
    held = {split: [loaded[seed].images(split) for seed in loaded] for split in ("train", "validation")}
    images, labels = (jnp.asarray(np.concatenate(each)) for each in zip(*held["train"], strict=True))
    seen, answers = (jnp.asarray(np.concatenate(each)) for each in zip(*held["validation"], strict=True))
    count, checked = len(held["train"][0][1]), len(held["validation"][0][1])
    offset = np.array([list(loaded).index(args.seed) for args in asked.values()])

    networks = []
    for args in asked.values():
        keras.utils.set_random_seed(args.seed)
        initializer = training.INITIALIZERS[args.initializer]
        shape = {"separable": args.separable, "depthwise_initializer": initializer}
        networks.append(models.mobilenet(args.alpha, args.resolution, 2, **shape))
    trees = [tree([np.asarray(weight) for weight in network.get_weights()]) for network in networks]
    params, stats = (jax.tree.map(lambda *each: jnp.stack(each), *side) for side in zip(*trees, strict=True))
    decayed = [(float(layer.kind != "depthwise"), 0.0, 0.0) for layer in layers] + [(1.0, 0.0)]
    hyper = {name: jnp.array([float(getattr(args, name)) for args in asked.values()]) for name in HYPER}
    steps = -(-count // BATCH)
    rates = np.stack([_rates(args, steps * epochs) for args in asked.values()])

    one = functools.partial(step, layers, decayed)
    all_at_once = jax.vmap(one, in_axes=(None, None, 0, 0, 0))

    # Images are arguments: as constants of a program they would be compiled into it, for minutes.
    @functools.partial(jax.jit, donate_argnums=0)
    def epoch_of(state, images, labels, full, rest):
        state, sums = lax.scan(lambda state, given: all_at_once(images, labels, hyper, state, given), state, full)
        loss, right = (each.sum(0) for each in sums)
        if rest is not None:
            state, more = all_at_once(images, labels, hyper, state, rest)
            loss, right = loss + more[0], right + more[1]
        return state, loss, right

    def over(batches, function):
        return lax.scan(lambda _, chosen: (None, jax.vmap(function)(*chosen)), None, batches)[1]

    @jax.jit
    def probabilities(params, stats, images):
        def of(params, stats, chosen):
            return jax.nn.softmax(forward(layers, params, stats, images[chosen] / 127.5 - 1, False)[0])

        chosen = _batches(offset * checked, checked)
        repeat = jax.tree.map(lambda a: jnp.broadcast_to(a, (len(chosen), *a.shape)), (params, stats))
        return jnp.moveaxis(over((*repeat, chosen), of), 0, 1).reshape(len(offset), -1, 2)

    @jax.jit
    def recalibrated(params, stats, images):
        def of(params, stats, chosen):
            return forward(layers, params, stats, images[chosen] / 127.5 - 1, True)[1]

        chosen = _batches(offset * count, min(1000, count))
        repeat = jax.tree.map(lambda a: jnp.broadcast_to(a, (len(chosen), *a.shape)), (params, stats))
        return jax.tree.map(lambda a: a.mean(0), over((*repeat, chosen), of))

    state = (params, stats, *(jax.tree.map(jnp.zeros_like, params) for _ in range(2)), jnp.zeros(len(asked)))
    history = {name: [] for name in asked}
    truth = np.asarray(answers)[offset[:, None] * checked + np.arange(checked)]
    for epoch in range(epochs):
        started = time.perf_counter()
        orders, random = [], []
        for args, at in zip(asked.values(), offset, strict=True):
            order = np.arange(count)
            np.random.RandomState([args.seed, epoch]).shuffle(order)
            orders.append(at * count + order)
            random.append(np.random.RandomState([args.seed, epoch, 1]).random_sample((count, 8)).astype(np.float32))
        now = rates[:, epoch * steps : (epoch + 1) * steps].T
        given = (*_cut(np.stack(orders)), *_cut(np.stack(random)))
        whole = count // BATCH
        full = (given[0], given[2], now[:whole])
        rest = (given[1], given[3], now[-1]) if count % BATCH else None
        state, loss, right = epoch_of(state, images, labels, full, rest)
        plain, again = np.asarray(probabilities(*state[:2], seen)), None
        if first.recalibrated:
            again = np.asarray(probabilities(state[0], recalibrated(*state[:2], images), seen))
        seconds = round(time.perf_counter() - started, 2)
        norms = _norms(state[0], decayed)
        for i, past in enumerate(history.values()):
            right_of = plain[i][np.arange(checked), truth[i]]
            past.append(
                {
                    "loss": round(float(loss[i]) / count, 5),
                    "accuracy": round(float(right[i]) / count, 5),
                    "val_loss": round(float(-np.log(np.maximum(right_of, 1e-7)).mean()), 5),
                    "val_accuracy": float((plain[i].argmax(1) == truth[i]).mean()),
                    "norm": round(float(norms[i]), 3),
                    "learning_rate": float(f"{now[-1, i]:.6g}"),
                    "seconds": seconds,
                }
            )
            if again is not None:
                past[-1]["val_recalibrated"] = float((again[i].argmax(1) == truth[i]).mean())
        print(f"{experiment}, {len(asked)} networks: epoch {epoch + 1}/{epochs}, {seconds} s", flush=True)
    cost = models.cost(networks[0])
    for i, (name, args) in enumerate(asked.items()):
        photos = loaded[args.seed]
        run = training.Run(
            name=name,
            command=options.command(args, parser, drawn=photos.drawn),
            settings=_settings(args, parser),
            data={"source": photos.source, "drawn": photos.drawn, "counts": photos.counts},
            epochs=history[name],
            params=networks[0].count_params(),
            mult_adds=cost.mult_adds,
            seconds=round(sum(past["seconds"] for past in history[name]), 1),
            predictions="".join(map(str, plain[i].argmax(1))),
            machine=training.machine() | {"together": len(asked)},
        )
        run.save(folder / f"{name}.json")


def _settings(args: argparse.Namespace, parser: argparse.ArgumentParser) -> dict:
    names = (
        *cli.CHOSEN,
        "resolution",
        "epochs",
        *(field.name for field in cli.fields(training.Recipe)),
        "seed",
        "last",
    )
    extra = [name for name in cli.EXTRA if getattr(args, name) != parser.get_default(name)]
    return {name: getattr(args, name) for name in (*names, *extra)}


def _rates(args: argparse.Namespace, steps: int) -> np.ndarray:
    rate = training.rate(steps, args.learning_rate, schedule=args.schedule, warmup=args.warmup)
    return np.asarray(jax.vmap(rate)(jnp.arange(steps)), np.float32)


def _batches(offset: np.ndarray, count: int) -> jax.Array:
    """Numbers of images, `[batches, networks, images of a batch]`."""
    size = math.gcd(count, 100)
    return jnp.asarray(offset[None, :, None] + np.arange(count).reshape(-1, 1, size))


def _cut(given: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """From `[networks, images, …]` to `[steps, networks, BATCH, …]`, and what is left for a smaller last batch."""
    whole = given.shape[1] // BATCH * BATCH
    return np.moveaxis(given[:, :whole].reshape(len(given), -1, BATCH, *given.shape[2:]), 1, 0), given[:, whole:]


def _norms(params: list, decayed: list) -> np.ndarray:
    """The length of all weights that decay, taken together, of each network."""
    kernels = [weights[0] for weights, (decays, *_) in zip(params, decayed, strict=True) if decays]
    return np.sqrt(sum(np.asarray((kernel**2).sum((1, 2, 3, 4))) for kernel in kernels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", choices=[name for name in experiments.EXPERIMENTS if name != "same"])
    parser.add_argument("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    parser.add_argument("--runs", type=Path, default=training.RUNS, metavar="FOLDER", help="where records go")
    parser.add_argument("--epochs", type=int, default=None, help="fewer than declared, to try it")
    parser.add_argument("--limit", type=int, default=None, help="at most this many images of each split, to try it")
    args = parser.parse_args()
    train(args.experiment, args.data, args.runs, args.epochs, args.limit)


if __name__ == "__main__":
    main()
