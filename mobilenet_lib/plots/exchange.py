"""How workers add up what each of them has found: chapter 9."""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mobilenet_lib.plots.style import COLORS, WIDTH, Picture, figure, styled


@styled
def exchange(states: np.ndarray) -> Picture:
    """How far a sum over workers has come after each step: a panel a step, the first being the start.

    `states`, int `[steps, workers, parts]`, says how many workers' numbers are added up in each part of each worker's
    vector. What has just arrived has a dark edge.
    """
    states = np.asarray(states)
    steps, workers, parts = states.shape
    first = next(step for step in range(steps) if (states[step].max(axis=1) == workers).all())
    alt = f"{workers} workers, each with a vector in {parts} parts. "
    alt += f"After {first} {'step' if first == 1 else 'steps'} each has one part to which all "
    alt += f"{workers} have added; after {steps - 1} each has all {parts} of them."
    columns = -(-steps // 2)
    picture, axes = figure(WIDTH, 4.1, alt=alt, rows=2, columns=columns)
    shades = LinearSegmentedColormap.from_list("", [COLORS["fill"], COLORS["standard"]])
    for step, panel in enumerate(axes.flat):
        panel.grid(visible=False)
        panel.spines[:].set_visible(False)
        panel.set(xticks=[], yticks=[])
        if step == steps:
            break
        state = states[step]
        panel.imshow(state, cmap=shades, vmin=0, vmax=workers, interpolation="none")
        panel.set_title(f"step {step}" if step else "at the start")
        if step % columns == 0:
            panel.set_yticks(range(workers), [f"worker {worker}" for worker in range(workers)])
            panel.tick_params(length=0)
        for (worker, part), count in np.ndenumerate(state):
            color = "white" if count == workers else COLORS["ink"]
            panel.text(part, worker, f"{count}", ha="center", va="center", color=color)
            if step and count != states[step - 1, worker, part]:
                panel.add_patch(Rectangle((part - 0.5, worker - 0.5), 1, 1, fill=False, ec=COLORS["ink"], lw=1.6))
    return picture
