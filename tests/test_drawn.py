"""`drawn`: cats and dogs from numbers."""

import hashlib

import numpy as np

from mobilenet_lib import data, drawn


def test_the_drawn_set_has_2000_pictures_to_train_on_and_400_to_test():
    counts = {split: [len(numbers) for numbers in classes] for split, classes in drawn.NUMBERS.items()}
    assert counts == {"train": [1000, 1000], "test": [200, 200]}
    numbers = [number for classes in drawn.NUMBERS.values() for numbers in classes for number in numbers]
    assert sorted(numbers) == list(range(2400))


def test_a_picture_is_the_same_on_every_machine():
    pixels = b"".join(drawn.picture(number).tobytes() for number in range(24))
    assert hashlib.sha256(pixels).hexdigest() == "3c9435887bf10850765c721516e8c200e33407fa40e78499c18e4b191646c9ca"


def test_a_picture_is_the_same_at_every_size():
    large, small = (data.load(size, source="drawn", limit=8).images("train")[0] for size in (128, 32))
    shrunk = large.reshape(8, 32, 4, 32, 4, 3).mean((2, 4))
    assert np.abs(shrunk - small).mean() < 8  # of 255: two filters


def test_no_two_pictures_are_the_same():
    pictures = [drawn.picture(number).resize((16, 16)).tobytes() for number in range(200)]
    assert len(set(pictures)) == 200


def test_the_colors_of_the_pixels_alone_do_not_tell_cats_from_dogs():
    pictures = data.load(16, source="drawn", limit=1200)
    images, labels = pictures.images("train")
    test_images, test_labels = pictures.images("test")
    x = images.reshape(len(images), -1) / 127.5 - 1
    center = x.mean(0)
    x = x - center
    weights = x.T @ np.linalg.solve(x @ x.T + 1000 * np.eye(len(x)), labels * 2 - 1)
    right = ((test_images.reshape(len(test_images), -1) / 127.5 - 1 - center) @ weights > 0) == test_labels
    assert right.mean() < 0.7
