"""Record what a network of standard convolutions that was trained loses when it is cut to separable ones.

    python scripts/kernels.py convolutions-standard-0
    python scripts/kernels.py convolutions-standard-0 --tune 5
    python scripts/kernels.py convolutions-standard-0 --tune 5 --anew

Writes data/kernels/NAME.json, NAME-tuned.json or NAME-anew.json.
"""

import argparse
import json
import shlex
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mobilenet_lib import data, training
from mobilenet_lib.records import RUNS, load_run, machine, versions, write

RANKS = (1, 2, 3, 4, 6, 9)  # that a network is cut to


def _slices(kernel: Any) -> np.ndarray:
    """`[3, 3, M, N]` to `[M, 9, N]`: what reads one input channel as a matrix, a column for each output."""
    kernel = np.asarray(kernel)
    return np.moveaxis(kernel, 2, 0).reshape(kernel.shape[2], -1, kernel.shape[3])


def energy(kernel: Any) -> np.ndarray:
    """What share of a standard kernel `[3, 3, M, N]`, as squared weights, the nearest one of rank 1, 2, … has.

    The rank is that of the slice that reads an input channel: a separable layer with the depth multiplier k has rank k
    (Eckart and Young 1936).
    """
    squares = np.linalg.svd(_slices(kernel), compute_uv=False) ** 2
    return np.cumsum(squares.sum(axis=0)) / squares.sum()


def factors(kernel: Any, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The separable layer with depth multiplier `rank`, and nothing between, that comes nearest to a standard kernel.

    `[3, 3, M, N]` to the depthwise kernel `[3, 3, M, rank]` and the pointwise one `[1, 1, M · rank, N]`.
    """
    u, values, v = np.linalg.svd(_slices(kernel), full_matrices=False)
    rows, columns, inputs, outputs = np.shape(kernel)
    root = np.sqrt(values[:, :rank])
    depthwise = (u[..., :rank] * root[:, None]).reshape(inputs, rows, columns, -1)
    return np.moveaxis(depthwise, 0, 2), (root[..., None] * v[:, :rank]).reshape(1, 1, -1, outputs)


def of_rank(kernel: Any, rank: int) -> np.ndarray:
    """The kernel nearest to `kernel` that a separable layer with depth multiplier `rank`, and nothing between, has."""
    depthwise, pointwise = factors(kernel, rank)
    *_, inputs, sheets = depthwise.shape
    return np.einsum("ijmk,mkn->ijmn", depthwise, pointwise.reshape(inputs, sheets, -1))


def _body(model: keras.Model) -> list[keras.layers.Conv2D]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)][1:-1]


def separated(model: keras.Model, rank: int = 1) -> keras.Model:
    """A copy of `model` whose standard convolutions, the first and the last aside, are the nearest separable layers.

    It has the depth multiplier `rank` and, between the two steps, neither batch normalization nor ReLU.
    """
    body = {layer.name: layer.kernel for layer in _body(model)}

    def swapped(layer: keras.Layer) -> keras.Layer:
        config = layer.get_config()
        if layer.name not in body:
            return type(layer).from_config(config)
        same = ("name", "filters", "kernel_size", "strides", "padding", "use_bias", "data_format", "dtype")
        return keras.layers.SeparableConv2D(**{key: config[key] for key in same}, depth_multiplier=rank)

    copy = keras.models.clone_model(model, clone_function=swapped)
    for layer in model.layers:
        weights = factors(body[layer.name], rank) if layer.name in body else layer.get_weights()
        copy.get_layer(layer.name).set_weights(weights)
    return copy


def tuned(model: keras.Model, photos: Any, epochs: int, *, anew: bool = False) -> dict[str, Any]:
    """What further training brings back: `model`, cut to rank 1 by `separated`, trained at a quarter of the rate.

    `anew` is the control: the same network with new weights, at the whole rate, for as many epochs.
    """
    network, rate = separated(model), 1e-3
    if anew:
        keras.utils.set_random_seed(0)
        network, rate = keras.models.clone_model(network), 4e-3
    run = training.train(network, photos, epochs=epochs, learning_rate=rate, last=True)
    return {key: getattr(run, key) for key in ("settings", "epochs", "params", "mult_adds", "cpu_seconds")}


def measure(model: keras.Model, photos: Any) -> dict[str, Any]:
    """What chapter 8 shows of a network of standard convolutions, the first and the last layer aside.

    `energy` by layer, and `by_output`, where a slice is what makes one output channel; `cut`, the validation accuracy
    with all these kernels cut to a rank, after the statistics of batch normalization have been estimated anew; and
    `kernel`, that of the first of these layers.
    """
    body = _body(model)
    trained, images = model.get_weights(), data.normalize(photos.images("train")[0][:1000])
    kernels = [np.asarray(layer.kernel) for layer in body]
    cut = {}
    for rank in RANKS:
        for layer, kernel in zip(body, kernels, strict=True):
            layer.kernel.assign(of_rank(kernel, rank))
        training.recalibrate(model, images)
        cut[rank] = round(training.evaluate(model, photos.validation).accuracy, 5)
        model.set_weights(trained)
    shares = {layer.name: energy(kernel).round(4).tolist() for layer, kernel in zip(body, kernels, strict=True)}
    by_output = [energy(kernel.swapaxes(2, 3)).round(4).tolist() for kernel in kernels]
    return {
        "energy": shares,
        "by_output": dict(zip(shares, by_output, strict=True)),
        "cut": cut,
        "kernel": kernels[0].astype(np.float64).round(4).tolist(),
    }


def main(arguments: list[str] | None = None) -> None:
    """Write data/kernels/NAME.json for kept models of standard convolutions, whose runs are recorded.

    With --tune it is NAME-tuned.json, with --tune and --anew NAME-anew.json.
    """
    parser = argparse.ArgumentParser(prog="python scripts/kernels.py", description=main.__doc__)
    add = parser.add_argument
    add("names", nargs="+", metavar="NAME", help="of a run with --no-separable and --keep")
    add("--data", default="auto", metavar="SOURCE", help="folder of the photos, 'drawn' or 'auto'")
    add("--limit", type=int, default=None, help="use at most this many photos of each split")
    add("--tune", type=int, default=0, metavar="EPOCHS", help="cut to rank 1 and train on, in place of measuring")
    add("--anew", action="store_true", help="with --tune: begin with new weights, for comparison")
    add("--runs", type=Path, default=RUNS, metavar="FOLDER", help="where records are, and models beside")
    args = parser.parse_args(arguments)
    if args.anew and not args.tune:
        parser.error("--anew needs --tune")
    for name in args.names:
        try:
            settings = load_run(args.runs / f"{name}.json").settings
            if settings.get("separable", True):
                raise ValueError(f"NAME must be of a run with --no-separable, not {name!r}")
            model = training.load_model(args.runs.parent / "models" / f"{name}.keras")
            split = {"validation": settings.get("validation", 0.1), "seed": settings["seed"]}
            split["augment"] = bool(args.tune) and settings["augment"]
            photos = data.load(settings["resolution"], source=args.data, limit=args.limit, **split)
            source = "drawn" if photos.drawn else "data/cats-dogs"
            words = ["python", "scripts/kernels.py", name, "--data", source]
            words += ["--tune", str(args.tune)] if args.tune else []
            words += ["--anew"] if args.anew else []
            found = {"name": name, "command": shlex.join(words)}
            found |= tuned(model, photos, args.tune, anew=args.anew) if args.tune else measure(model, photos)
            found |= {"versions": versions(), "machine": machine()}
            file = name + ("-anew" if args.anew else "-tuned" if args.tune else "") + ".json"
            write(args.runs.parent / "kernels" / file, json.dumps(found).encode() + b"\n")
        except (OSError, ValueError) as error:
            parser.error(str(error))
        ends = {"1, tuned": found["epochs"][-1]["val_accuracy"]} if args.tune else found["cut"]
        print(f"{name}: {', '.join(f'{accuracy:.2%} of rank {rank}' for rank, accuracy in ends.items())}")


if __name__ == "__main__":
    main()
