"""Images and labels in three splits, given out in batches."""

import copy
import hashlib
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import numpy as np
import tensorflow as tf

from mobilenet_lib.costs import is_number
from mobilenet_lib.data.augmentation import altered, chances, normalize
from mobilenet_lib.data.files import CLASSES


@dataclass
class _Split:
    images: np.ndarray
    labels: np.ndarray
    epoch: int = 0  # how often it has been gone through


class CatsDogs:
    """Cats and dogs in three splits, as `load` returns them.

    `train`, `validation` and `test` are `tf.data.Dataset`s of float32 images `[B, S, S, 3]` in [−1, 1] and int32
    labels `[B]`, 0 for a cat and 1 for a dog; the last batch may be smaller. `train` comes in another order on every
    pass, and with `augment` in other crops; both follow from the seed and the number of the pass alone. That number
    is `epoch`: it counts up by itself, and may be set, to go on with a training or to repeat a pass.

    `source` says in a few words where the images come from, `drawn` whether they are drawn, `counts` how many each
    split has, `batch_size` how many a batch has, `skipped` which files were left out because they cannot be decoded.
    """

    class_names = CLASSES

    def __init__(
        self,
        arrays: dict[str, tuple[np.ndarray, np.ndarray]],
        *,
        source: str,
        drawn: bool,
        skipped: Sequence[str] = (),
        batch_size: int = 32,
        augment: bool = False,
        seed: int = 0,
    ) -> None:
        self.source = source
        self.drawn = drawn
        self.counts = {split: len(labels) for split, (_, labels) in arrays.items()}
        self.skipped = tuple(skipped)
        self._splits = {split: _Split(*both) for split, both in arrays.items()}
        self.batch_size = batch_size
        self._given = {"batch_size": batch_size, "augment": augment}
        self._seed = seed
        self._give_out(0, 1)

    def _give_out(self, worker: int, workers: int) -> None:
        self._worker, self._workers = worker, workers
        self.train = self._dataset("train", shuffled=True, augmented=self._given["augment"])
        self.validation = self._dataset("validation")
        self.test = self._dataset("test")

    def share(self, worker: int, workers: int) -> Self:
        """The same images, but of each batch only what `worker`, from 0, of several `workers` has to do.

        Together the shares are the batches, image by image and crop by crop. That of a small batch may be empty.
        """
        shared = copy.copy(self)
        shared._give_out(worker, workers)
        return shared

    @property
    def epoch(self) -> int:
        return self._splits["train"].epoch

    @epoch.setter
    def epoch(self, number: int) -> None:
        if not is_number(number, Integral) or not 0 <= number < 2**32:
            raise ValueError(f"epoch must be a whole number from 0 to 2**32 - 1, not {number!r}")
        self._splits["train"].epoch = int(number)

    @property
    def identity(self) -> dict[str, Any]:
        """What decides how a training on these images goes: a digest of them, and in what way they are given out."""
        images, labels = self.images("train")
        digest = hashlib.blake2b(np.ascontiguousarray(labels), digest_size=8)
        digest.update(np.ascontiguousarray(images))
        validation = self.counts["validation"]
        return {"images": digest.hexdigest(), "validation": validation, "seed": self._seed} | self._given

    def images(self, split: str) -> tuple[np.ndarray, np.ndarray]:
        """What is behind a split: uint8 images `[N, S, S, 3]` and int32 labels `[N]`, cats and dogs in turn."""
        if split not in self._splits:
            raise ValueError(f"split must be 'train', 'validation' or 'test', not {split!r}")
        return self._splits[split].images, self._splits[split].labels

    def __repr__(self) -> str:
        return f"CatsDogs({self.source}: {', '.join(f'{split} {count:,}' for split, count in self.counts.items())})"

    def _dataset(self, split: str, *, shuffled: bool = False, augmented: bool = False) -> tf.data.Dataset:
        held = self._splits[split]
        shape, count, seed = held.images.shape[1:], len(held.labels), self._seed
        worker, workers = self._worker, self._workers
        # TensorFlow never forgets a Python function that it has met, so these must not hold the images. The dataset
        # does; when it has gone, an iterator may still be at work for nobody, or another dataset made of it.
        source = weakref.ref(held)

        def present() -> _Split:
            if (held := source()) is None:  # TensorFlow prints any other error, also if nobody reads on
                raise StopIteration("the images of this dataset have gone: keep it, or what `data.load` returned")
            return held

        # A ticket is the number of an image plus, for every pass before this one, the number of images. The images
        # stay in NumPy: in a tensor they would be a second copy, and `Dataset.from_generator` makes every
        # allocation of the process slow (it sets malloc's trim threshold to 128 kB).
        def tickets() -> np.ndarray:
            order, held = np.arange(count), present()
            if not shuffled:
                return order
            epoch, held.epoch = held.epoch, held.epoch + 1
            # RandomState, and not the newer Generator: its numbers stay the same in every version of NumPy.
            np.random.RandomState([seed, epoch]).shuffle(order)
            return epoch * count + order

        def taken(tickets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            chosen, held = tickets % count, present()
            return held.images[chosen], held.labels[chosen]

        def batch(tickets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            # Cut before the images are read and augmented: else every worker would do the work of all.
            share = slice(*(n * tf.shape(tickets)[0] // workers for n in (worker, worker + 1)))
            chosen, answers = tf.numpy_function(taken, [tickets[share]], (tf.uint8, tf.int32))
            chosen = tf.ensure_shape(chosen, [None, *shape])
            if augmented:
                chosen = altered(chosen, chances(tf.shape(tickets)[0], tf.stack([seed, tickets[0]]))[share])
            return normalize(chosen), tf.ensure_shape(answers, [None])

        # Nothing is left to autotune: its thread sleeps twice as long every time, and who ends a pass waits for it.
        options = tf.data.Options()
        options.autotune.enabled = False
        dataset = (
            tf.data.Dataset.from_tensors(0)
            .map(lambda _: tf.ensure_shape(tf.numpy_function(tickets, [], tf.int64), [count]))
            .unbatch()
            .batch(self.batch_size)
            .map(batch, num_parallel_calls=2)
            .apply(tf.data.experimental.assert_cardinality(-(-count // self.batch_size)))
            .prefetch(2)
            .with_options(options)
        )
        dataset._held = held
        return dataset
