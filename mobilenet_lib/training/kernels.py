"""How close standard kernels come to separable ones. What trained ones have is in data/kernels."""

from typing import Any

import numpy as np

from mobilenet_lib.costs import positive
from mobilenet_lib.records import DATA

KERNELS = DATA / "kernels"


def _slices(kernel: Any) -> np.ndarray:
    """`[3, 3, M, N]` to `[M, 9, N]`: what reads one input channel as a matrix, a column for each output."""
    kernel = np.asarray(kernel)
    if kernel.ndim != 4 or not kernel.any():
        raise ValueError(f"kernel must be [rows, columns, M, N] and not zero, not of shape {list(kernel.shape)}")
    rows, columns, inputs, outputs = kernel.shape
    return np.moveaxis(kernel, 2, 0).reshape(inputs, rows * columns, outputs)


def energy(kernel: Any) -> np.ndarray:
    """What share of a standard kernel `[3, 3, M, N]`, as squared weights, the nearest one of rank 1, 2, … has.

    The rank is that of the slice that reads an input channel: a separable layer with the depth multiplier k has rank k
    (Eckart and Young 1936). Raises `ValueError` for a kernel of another form, or of zeros alone.
    """
    squares = np.linalg.svd(_slices(kernel), compute_uv=False) ** 2
    return np.cumsum(squares.sum(axis=0)) / squares.sum()


def factors(kernel: Any, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """The separable layer with depth multiplier `rank`, and nothing between, that comes nearest to a standard kernel.

    `[3, 3, M, N]` to the depthwise kernel `[3, 3, M, rank]` and the pointwise one `[1, 1, M · rank, N]`.
    """
    rank = positive("rank", rank)
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
