"""One training by several processes: each computes on its share of every batch, and the gradients are summed.

Batch normalization sees the share of its own worker alone; its moving statistics are averaged after every epoch.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mobilenet_lib.records import revision
from mobilenet_lib.training.checkpoints import differing, state

EXAMPLE = '{"cluster": {"worker": ["one:12345", "two:12345"]}, "task": {"type": "worker", "index": 0}}'
ENDED = "another worker has ended, and so does this one; started again, all go on from the last finished epoch"
LOST = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.FailedPreconditionError


def parsed(text: str) -> tuple[int, int]:
    """How many workers the content of TF_CONFIG names, and which of them this one is. Raises `ValueError`."""
    try:
        config = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"TF_CONFIG must be JSON, such as {EXAMPLE}, not {text!r}") from error
    match config:
        case {"cluster": {"worker": [_, *_] as addresses, **others}} if not others:
            last = len(addresses) - 1
        case _:
            raise ValueError(f"TF_CONFIG must name a cluster of workers alone, such as {EXAMPLE}, not {text!r}")
    match config:
        case {"task": {"type": "worker", "index": int(index)}} if 0 <= index <= last:
            return len(addresses), index
    raise ValueError(f"TF_CONFIG must name a task 'worker' with an index from 0 to {last}, not {config.get('task')!r}")


def from_slurm() -> str:
    """What TF_CONFIG must be for this task of SLURM, by the variables that `srun` sets. Raises `ValueError`."""
    if not (tasks := int(os.environ.get("SLURM_STEP_NUM_TASKS", 0))):
        raise ValueError("srun must start it: SLURM_STEP_NUM_TASKS is not set")
    # Told of no GPUs it names no worker, told nothing it calls nvidia-smi. SLURM itself shows each task its own GPU.
    resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(None, 8888, tasks, 1, auto_set_gpu=False)
    cluster, index = resolver.cluster_spec().as_dict(), resolver.task_id
    # It sorts names by their letters: node10 before node9.
    if (here := os.environ["SLURMD_NODENAME"]) != cluster["worker"][index].split(":")[0]:
        raise ValueError(f"task {index} must be on {cluster['worker'][index]}, not {here}: name nodes in their order")
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except LOST as lost:
        raise ConnectionError(ENDED) from lost


class Workers:
    """All `count` workers of a training, seen from the one with the number `index`; the first, 0, writes the files."""

    def __init__(self, count: int, index: int) -> None:
        self.count, self.index = count, index
        with _together():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy()
        if (devices := self._strategy.num_replicas_in_sync // count) != 1:
            raise ValueError(f"a worker must have one GPU, not {devices}: set CUDA_VISIBLE_DEVICES, and start more")

    def _sum(self, values: list[tf.Tensor]) -> list[tf.Tensor]:
        # `identity` says on which device they are, which TensorFlow has to know.
        here = tf.distribute.get_replica_context
        return self._strategy.run(lambda: here().all_reduce("SUM", [tf.identity(value) for value in values]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float64)])
    def _vector(self, vector: tf.Tensor) -> tf.Tensor:
        return self._sum([vector])[0]

    def total(self, arrays: Sequence[Any]) -> list[np.ndarray]:
        """The sum over all workers of each array, taken in float64, which holds every float32 and whole number."""
        arrays = [*map(np.asarray, arrays)]
        with _together():
            vector = self._vector(np.concatenate([array.ravel().astype(np.float64) for array in arrays])).numpy()
        parts = np.split(vector, np.cumsum([array.size for array in arrays])[:-1])
        return [part.astype(of.dtype).reshape(of.shape) for part, of in zip(parts, arrays, strict=True)]

    def told(self, words: Any) -> list[Any]:
        """What each worker calls it with, anything that JSON can say, as soon as all have."""
        text = np.frombuffer(json.dumps(words).encode(), np.uint8)
        longest = max(self.total([len(text) * np.eye(self.count, dtype=int)[self.index]])[0])
        table = np.zeros((self.count, longest), np.uint8)
        table[self.index, : len(text)] = text
        return [json.loads(row.tobytes().rstrip(b"\0")) for row in self.total([table])[0]]

    def agree(self, begun: dict[str, Any], data: Sequence[Any]) -> None:
        """Raise `ValueError` unless all are about to train the same, with the same library, and each has photos."""
        told = self.told(begun | {"revision": revision()})
        for index, other in enumerate(told[1:], 1):
            if differences := differing(other, told[0]):
                raise ValueError(f"worker {index} must train what worker 0 does, and not {'; '.join(differences)}")
        for photos in data:
            if (left := (photos.counts["train"] - 1) % photos.batch_size + 1) < self.count:
                raise ValueError(f"batch_size must leave each worker a photo of the last batch, and that has {left}")

    def begin(self, network: keras.Model, history: list, best: list[np.ndarray]) -> tuple[list, list[np.ndarray]]:
        """Put `network` into the state that it has on the first worker; return its history and its best weights."""
        variables = state(network)
        mine = [np.asarray(array) for array in (*variables, *best)]
        shared = self.total(mine if self.index == 0 else [np.zeros_like(array) for array in mine])
        for variable, value in zip(variables, shared[: len(variables)], strict=True):
            variable.assign(value)
        return self.told(history)[0], shared[len(variables) :]

    def epochs(self, network: keras.Model) -> Callable[[Any], dict[str, float]]:
        """What trains a compiled `network` for an epoch, this worker on its share, and returns the metrics of `fit`."""
        spec = [tf.TensorSpec(network.input_shape), tf.TensorSpec([None], tf.int32)]
        layers = [x for x in network._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
        moving = [v for layer in layers if layer.trainable for v in (layer.moving_mean, layer.moving_variance)]

        def measured(losses, labels, said):
            right = tf.equal(tf.argmax(said, axis=1, output_type=tf.int32), labels)
            return tf.stack([tf.reduce_sum(tf.cast(each, tf.float64)) for each in (losses, right)])

        @tf.function(input_signature=[*spec, tf.TensorSpec([])])
        def step(images, labels, size):
            with tf.GradientTape() as tape:
                said = network(images, training=True)
                losses = network.loss(labels, said)
                loss = tf.reduce_sum(losses) / size  # that of the whole batch: the shares add up to its mean
            gradients = self._sum(tape.gradient(loss, network.trainable_variables))
            network.optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
            return measured(losses, labels, said)

        @tf.function(input_signature=spec)
        def validate(images, labels):
            said = network(images, training=False)
            return measured(network.loss(labels, said), labels, said)

        def epoch(photos: Any) -> dict[str, float]:
            share, counts = photos.share(self.index, self.count), photos.counts
            sizes = (min(share.batch_size, counts["train"] - i) for i in range(0, counts["train"], share.batch_size))
            with _together():
                steps = [step(*batch, float(size)) for batch, size in zip(share.train, sizes, strict=True)]
                trained = tf.add_n(steps).numpy()
            for variable, value in zip(moving, self.total(moving) if moving else (), strict=True):
                variable.assign(value / self.count)
            trained, validated = self.total([trained, tf.add_n([validate(*batch) for batch in share.validation])])
            (loss, right), (val_loss, val_right) = trained / counts["train"], validated / counts["validation"]
            return {"loss": loss, "accuracy": right, "val_loss": val_loss, "val_accuracy": val_right}

        return epoch


def joined() -> Workers | None:
    """The workers that TF_CONFIG names, once all are there; None without it. Comes before TensorFlow computes."""
    text, backend = os.environ.get("TF_CONFIG"), keras.backend.backend()
    if text and backend != "tensorflow":
        raise ValueError(f"Keras must compute with TensorFlow on several workers, not with {backend!r}")
    return Workers(*parsed(text)) if text else None
