"""`data.batches`: images given out in batches, in an order that follows from the seed and the number of the pass."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf
from pictures import CLASSES, digests

from mobilenet_lib import data


def batches(dataset: tf.data.Dataset) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*dataset.as_numpy_iterator(), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def test_the_splits_give_batches_of_images_and_labels(layout):
    photos = data.load(32, 8, source=layout, validation=0.2)
    assert photos.counts == {"train": 16, "validation": 4, "test": 8}
    assert photos.class_names == CLASSES
    for split in photos.counts:
        dataset = getattr(photos, split)
        assert dataset.element_spec[0].shape.as_list() == [None, 32, 32, 3]
        for images, labels in dataset:
            assert (images.dtype, labels.dtype) == (tf.float32, tf.int32)
            assert -1 <= tf.reduce_min(images) < 0 < tf.reduce_max(images) <= 1


def test_no_photo_is_dropped_and_the_length_is_known(layout):
    photos = data.load(32, 7, source=layout)
    assert len(photos.train) == 3  # 18 photos
    assert len(batches(photos.train)[1]) == photos.counts["train"]


def test_a_seed_of_numpy_is_a_seed(layout):
    drawn, again = (data.load(32, 8, source=layout, augment=True, seed=seed) for seed in (3, np.uint8(3)))
    assert digests(next(iter(drawn.train))[0].numpy()) == digests(next(iter(again.train))[0].numpy())


def test_the_same_seed_gives_the_same_batches(layout):
    one, other = (data.load(32, 8, source=layout, augment=True, seed=3) for _ in range(2))
    for _ in range(2):
        for (images, labels), (same_images, same_labels) in zip(one.train, other.train, strict=True):
            np.testing.assert_array_equal(images, same_images)
            np.testing.assert_array_equal(labels, same_labels)


def test_every_pass_over_the_training_split_has_another_order(layout):
    photos = data.load(32, source=layout)
    first, second = (batches(photos.train)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert digests(first) == digests(second)


def test_a_pass_can_be_repeated_by_its_number(layout):
    photos = data.load(32, source=layout, augment=True)
    passes = [batches(photos.train)[0] for _ in range(3)]
    photos.epoch = 1
    np.testing.assert_array_equal(batches(photos.train)[0], passes[1])


@pytest.mark.parametrize("workers", [2, 3])
def test_the_shares_of_several_workers_are_the_batches_crop_by_crop(layout, workers):
    photos = data.load(32, 7, source=layout, augment=True)  # 18: the last batch has 4
    whole = list(photos.train.as_numpy_iterator())
    passes = []
    for worker in range(workers):
        photos.epoch = 0
        passes.append(list(photos.share(worker, workers).train.as_numpy_iterator()))
    for (images, labels), *shares in zip(whole, *passes, strict=True):
        assert max(len(share) for _, share in shares) - min(len(share) for _, share in shares) <= 1
        # Not to the bit: the compiler arranges a batch of another size in another way.
        np.testing.assert_allclose(np.concatenate([share for share, _ in shares]), images, atol=1e-5)
        np.testing.assert_array_equal(np.concatenate([share for _, share in shares]), labels)


def test_validation_and_test_always_come_in_the_same_order(layout):
    photos = data.load(32, source=layout, augment=True)
    for split in ("validation", "test"):
        images, labels = photos.images(split)
        for _ in range(2):
            given, answers = batches(getattr(photos, split))
            np.testing.assert_array_equal(given, data.normalize(images))
            np.testing.assert_array_equal(answers, labels)


def test_the_images_are_forgotten_with_the_last_dataset(layout):
    photos = data.load(32, 8, source=layout, augment=True)
    images = weakref.ref(photos.images("train")[0])
    batches, photos = photos.train.take(1), None
    gc.collect()
    assert images() is not None and len(next(iter(batches))[0]) == 8
    batches = None
    gc.collect()
    assert images() is None


def test_a_dataset_made_of_one_that_has_gone_says_so(layout):
    # TensorFlow's part of it has no images. So with what a function makes within `interleave`, too.
    photos = data.load(32, 8, source=layout)
    part, kind = tf.data.experimental.to_variant(photos.train), photos.train.element_spec
    photos = None
    gc.collect()
    made = tf.data.experimental.from_variant(part, kind)
    with pytest.raises(tf.errors.InvalidArgumentError, match="the images of this dataset have gone"):
        batches(made)


@pytest.mark.parametrize("number", [-1, 2**32, 1.0, True])
def test_a_pass_of_an_impossible_number_is_refused(layout, number):
    photos = data.load(32, source=layout)
    with pytest.raises(ValueError, match=rf"epoch must be a whole number from 0 to 2\*\*32 - 1, not {number!r}"):
        photos.epoch = number
    assert photos.epoch == 0 and len(batches(photos.train)[1]) == photos.counts["train"]


def test_an_unknown_split_is_named(layout):
    with pytest.raises(ValueError, match=r"split must be .*'training'"):
        data.load(32, source=layout).images("training")
