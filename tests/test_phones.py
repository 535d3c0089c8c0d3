"""The times on phones that Google published, copied by hand: what would show a slip."""

import pytest

from mobilenet_lib import paper, phones


@pytest.mark.parametrize("device", phones.MILLISECONDS)
def test_there_is_a_time_for_each_of_the_sixteen(device):
    assert set(phones.MILLISECONDS[device]) == {(c.alpha, c.resolution) for c in paper.CHECKPOINTS}


@pytest.mark.parametrize("device", phones.MILLISECONDS)
def test_a_network_of_larger_images_or_more_channels_never_takes_less(device):
    taken = phones.MILLISECONDS[device]
    for alpha, resolution in taken:
        larger = [(alpha, side) for side in (128, 160, 192, 224) if side > resolution]
        larger += [(wider, resolution) for wider in (0.25, 0.5, 0.75, 1.0) if wider > alpha]
        assert all(taken[other] >= taken[alpha, resolution] for other in larger)


@pytest.mark.parametrize(
    ("device", "largest", "smallest"),
    [
        ("Pixel 2, one core, float32", 160.1, 6.2),
        ("Pixel 2, one core, 8 bits", 70.2, 3.7),
        ("Pixel 3, four threads, float32", 24.0, 1.2),
        ("Pixel 3, four threads, 8 bits", 13, 0.8),
        ("Pixel 3, graphics processor", 6.5, 1.6),
    ],
)
def test_the_largest_and_the_smallest_are_as_printed(device, largest, smallest):
    """TensorFlow's list of hosted models."""
    assert phones.MILLISECONDS[device][1.0, 224] == largest
    assert phones.MILLISECONDS[device][0.25, 128] == smallest
