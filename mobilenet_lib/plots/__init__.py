"""Every figure and table of the book, in one style.

A figure function returns a `Picture`, which shows itself in a notebook and on a page, with alternative text that says
what there is to see. Matplotlib alone, without pyplot: no windows, no shared state, the same bytes on each run.

    style         colors by meaning, figures with alternative text, axes that read well
    tables        numbers in rows and columns
    convolution   a standard convolution, step by step, a separable one, their costs and blocks
    network       whole networks and their maps, to scale
    images        photos and feature maps
    bars          of which parts a whole is made
    choice        which of many models to take
    lines         one line for each of some series
    training      what a change does to trainings
    export        what int8 does to answers
    workers       how they add up in a ring
"""

from mobilenet_lib.plots.bars import stacked
from mobilenet_lib.plots.choice import budget, tradeoff
from mobilenet_lib.plots.convolution import (
    DRAWN,
    Drawing,
    block,
    reduction,
    separable_convolution,
    standard_convolution,
)
from mobilenet_lib.plots.export import agreement
from mobilenet_lib.plots.images import channels, photos
from mobilenet_lib.plots.lines import by_depth, lines, roofline
from mobilenet_lib.plots.network import architecture_body, chains, multipliers
from mobilenet_lib.plots.style import COLORS, STYLE, WIDTH, Picture, canvas, figure, label, styled
from mobilenet_lib.plots.tables import Table, table
from mobilenet_lib.plots.training import differences
from mobilenet_lib.plots.workers import ring
