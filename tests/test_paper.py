"""What was published, against what an exact count gives. Literals are typed from print, not taken from `paper`."""

import pytest

from mobilenet_lib import costs, paper
from mobilenet_lib.architecture import mobilenet, total

MILLION = 10**6


def million(layers):
    return total(layers).mult_adds / MILLION


def as_printed(count, printed):
    """`count`, rounded to as many digits after the point as `printed` has."""
    return round(count, len(str(printed).partition(".")[2]))


# Table 1 ------------------------------------------------------------------------------------------------------------


def test_table_1_has_the_28_rows_with_weights():
    assert [row.kind for row in paper.TABLE_1] == ["standard", *["depthwise", "pointwise"] * 13, "dense"]


def test_table_1_as_printed_is_the_architecture_but_for_one_stride():
    layers = mobilenet()
    wrong = [i for i, (row, layer) in enumerate(zip(paper.TABLE_1, layers, strict=True)) if row.stride != layer.stride]
    assert [layers[i].name for i in wrong] == ["conv_dw_13"]
    assert (paper.TABLE_1[25].stride, layers[25].stride) == (2, 1)


@pytest.mark.parametrize(
    "row, layer", list(zip(paper.TABLE_1, mobilenet(), strict=True)), ids=lambda part: getattr(part, "name", "row")
)
def test_a_row_of_table_1_has_the_filter_and_the_input_of_its_layer(row, layer):
    size, channels = layer.in_size, layer.in_channels
    assert row.input == (size, size, channels)
    shapes = {
        "standard": (3, 3, channels, layer.out_channels),
        "depthwise": (3, 3, channels),
        "pointwise": (1, 1, channels, layer.out_channels),
        "dense": (channels, layer.out_channels),
    }
    assert row.filter == shapes[layer.kind]


def test_the_last_stride_of_table_1_does_not_fit_its_own_next_row():
    last_depthwise, after = paper.TABLE_1[25:27]
    assert last_depthwise.input == (7, 7, 1024) and after.input == (7, 7, 1024)


# TF-Slim's mobilenet_v1.py lists what each layer of two networks needs: (parameters, Mult-Adds).
SLIM_100_224 = """
864 10,838,016 | 288 3,612,672 | 2,048 25,690,112 | 576 1,806,336 | 8,192 25,690,112 | 1,152 3,612,672
16,384 51,380,224 | 1,152 903,168 | 32,768 25,690,112 | 2,304 1,806,336 | 65,536 51,380,224 | 2,304 451,584
131,072 25,690,112 | 4,608 903,168 | 262,144 51,380,224 | 4,608 903,168 | 262,144 51,380,224 | 4,608 903,168
262,144 51,380,224 | 4,608 903,168 | 262,144 51,380,224 | 4,608 903,168 | 262,144 51,380,224 | 4,608 225,792
524,288 25,690,112 | 9,216 451,584 | 1,048,576 51,380,224
"""
SLIM_75_128 = """
648 2,654,208 | 216 884,736 | 1,152 4,718,592 | 432 442,368 | 4,608 4,718,592 | 864 884,736
9,216 9,437,184 | 864 221,184 | 18,432 4,718,592 | 1,728 442,368 | 36,864 9,437,184 | 1,728 110,592
73,728 4,718,592 | 3,456 221,184 | 147,456 9,437,184 | 3,456 221,184 | 147,456 9,437,184 | 3,456 221,184
147,456 9,437,184 | 3,456 221,184 | 147,456 9,437,184 | 3,456 221,184 | 147,456 9,437,184 | 3,456 55,296
294,912 4,718,592 | 6,912 110,592 | 589,824 9,437,184
"""


@pytest.mark.parametrize(
    ("listed", "alpha", "resolution", "whole"),
    [(SLIM_100_224, 1.0, 224, (3_185_088, 567_716_352)), (SLIM_75_128, 0.75, 128, (1_800_144, 106_002_432))],
    ids=["1.0-224", "0.75-128"],
)
def test_every_layer_costs_what_the_authors_code_lists(listed, alpha, resolution, whole):
    cells = [cell.split() for cell in listed.strip().replace("\n", " | ").split(" | ")]
    expected = [tuple(int(number.replace(",", "")) for number in cell) for cell in cells]
    *body, _ = mobilenet(alpha, resolution)
    assert [(layer.cost.params, layer.cost.mult_adds) for layer in body] == expected
    assert (total(body).params, total(body).mult_adds) == whole


# Table 2 ------------------------------------------------------------------------------------------------------------

SHARES = {  # Mult-Adds printed and exact, parameters printed and exact, in percent
    "pointwise": (94.86, 94.857, 74.59, 74.591),
    "depthwise": (3.06, 3.057, 1.06, 1.061),
    "standard": (1.19, 1.906, 0.02, 0.021),
    "dense": (0.18, 0.180, 24.33, 24.328),
}


@pytest.mark.parametrize("kind", SHARES)
def test_table_2_is_recorded_as_printed_and_recomputed(kind):
    mult_adds, exact_mult_adds, params, exact_params = SHARES[kind]
    assert paper.TABLE_2[kind] == paper.Share(mult_adds, params)
    whole, part = total(mobilenet()), total(layer for layer in mobilenet() if layer.kind == kind)
    assert round(100 * part.mult_adds / whole.mult_adds, 3) == exact_mult_adds
    assert round(100 * part.params / whole.params, 3) == exact_params


def test_table_2_as_printed_does_not_add_up_and_corrected_it_does():
    assert round(94.86 + 3.06 + 1.19 + 0.18, 2) == 99.29
    assert round(94.86 + 3.06 + 1.91 + 0.18, 2) == 100.01
    assert round(sum(share.mult_adds for share in paper.TABLE_2.values()), 2) == 99.29


# Table 3 ------------------------------------------------------------------------------------------------------------

ONE_LAYER = [  # name, separable, size, channels, million Mult-Adds, million parameters
    ("Convolution", False, 14, 512, 462, 2.36),
    ("Depthwise separable convolution", True, 14, 512, 52.3, 0.27),
    ("α = 0.75", True, 14, 384, 29.6, 0.15),
    ("ρ = 0.714", True, 10, 384, 15.1, 0.15),
]


@pytest.mark.parametrize(("row", "printed"), list(zip(paper.TABLE_3, ONE_LAYER, strict=True)))
def test_table_3_is_recorded_as_printed_and_recomputed(row, printed):
    name, separable, size, channels, mult_adds, params = printed
    assert (row.name, row.separable, row.size, row.in_channels, row.out_channels) == (
        name,
        separable,
        size,
        channels,
        channels,
    )
    assert (row.mult_adds, row.params) == (mult_adds, params)
    cost = (costs.separable if separable else costs.standard)(size, channels, channels)
    assert as_printed(cost.mult_adds / MILLION, mult_adds) == mult_adds
    assert as_printed(cost.params / MILLION, params) == params


# Tables 4 to 9 ------------------------------------------------------------------------------------------------------

WITH, WITHOUT = "with the classifier", "without the classifier"
NETWORKS = [  # name, tables, top-1, million Mult-Adds, million parameters, arguments, which count the print agrees with
    ("Conv MobileNet", (4,), 71.7, 4866, 29.3, {"separable": False}, WITHOUT),
    ("1.0 MobileNet-224", (4, 6, 7, 8), 70.6, 569, 4.2, {}, WITH),
    ("0.75 MobileNet-224", (5, 6), 68.4, 325, 2.6, {"alpha": 0.75}, WITH),
    ("Shallow MobileNet", (5,), 65.3, 307, 2.9, {"shallow": True}, WITH),
    ("0.5 MobileNet-224", (6,), 63.7, 149, 1.3, {"alpha": 0.5}, WITH),
    ("0.25 MobileNet-224", (6,), 50.6, 41, 0.5, {"alpha": 0.25}, WITH),
    ("1.0 MobileNet-192", (7,), 69.1, 418, 4.2, {"resolution": 192}, WITH),
    ("1.0 MobileNet-160", (7,), 67.2, 290, 4.2, {"resolution": 160}, WITHOUT),
    ("1.0 MobileNet-128", (7,), 64.4, 186, 4.2, {"resolution": 128}, WITH),
    ("0.50 MobileNet-160", (9,), 60.2, 76, 1.32, {"alpha": 0.5, "resolution": 160}, WITHOUT),
]


@pytest.mark.parametrize(("network", "printed"), list(zip(paper.NETWORKS, NETWORKS, strict=True)))
def test_tables_4_to_9_are_recorded_as_printed_and_recomputed(network, printed):
    name, tables, top1, mult_adds, params, arguments, rule = printed
    assert (network.name, network.tables, network.top1, network.arguments) == (name, tables, top1, arguments)
    assert (network.mult_adds, network.params) == (mult_adds, params)
    layers = mobilenet(**arguments)
    counts = {WITH: million(layers), WITHOUT: million(layers[:-1])}
    assert next(name for name, count in counts.items() if round(count) == mult_adds) == rule
    assert as_printed(total(layers).params / MILLION, params) == params


def test_with_the_classifier_three_numbers_of_the_paper_would_be_one_higher():
    counts = [million(mobilenet(**arguments)) for *_, arguments, rule in NETWORKS if rule == WITHOUT]
    assert [round(count, 2) for count in counts] == [4867.29, 290.68, 76.52]
    assert [round(count) for count in counts] == [4867, 291, 77]


def test_the_networks_of_others_are_recorded_as_printed():
    printed = [
        ("GoogLeNet", 8, 69.8, 1550, 6.8),
        ("VGG 16", 8, 71.5, 15300, 138),
        ("SqueezeNet", 9, 57.5, 1700, 1.25),
        ("AlexNet", 9, 57.2, 720, 60),
    ]
    assert [(o.name, o.table, o.top1, o.mult_adds, o.params) for o in paper.OTHERS] == printed


# The 16 public checkpoints ------------------------------------------------------------------------------------------

# alpha, resolution, MACs listed, MACs counted with the classifier, parameters, top-1, top-5, the same quantized
CHECKPOINTS = """
1.0  224 569 568.7 4.24 70.9 89.9 69.7 89.5
1.0  192 418 418.1 4.24 70.0 89.2 69.0 88.9
1.0  160 291 290.7 4.24 68.0 87.7 67.3 87.7
1.0  128 186 186.4 4.24 65.2 85.8 64.0 85.5
0.75 224 317 325.4 2.59 68.4 88.2 67.9 88.1
0.75 192 233 239.3 2.59 67.2 87.3 66.2 87.1
0.75 160 162 166.4 2.59 65.3 86.0 63.9 85.5
0.75 128 104 106.8 2.59 62.1 83.9 59.8 82.8
0.50 224 150 149.5 1.34 63.3 84.9 62.2 84.5
0.50 192 110 110.0 1.34 61.7 83.6 60.4 83.2
0.50 160 77  76.5  1.34 59.1 81.9 57.7 81.3
0.50 128 49  49.2  1.34 56.3 79.4 54.9 78.9
0.25 224 41  41.0  0.47 49.8 74.2 48.2 73.8
0.25 192 34  30.2  0.47 47.7 72.3 45.8 71.9
0.25 160 21  21.1  0.47 45.5 70.3 43.5 69.1
0.25 128 14  13.6  0.47 41.5 66.3 39.9 65.8
"""
ROWS = [
    tuple(float(cell) if "." in cell else int(cell) for cell in line.split())
    for line in CHECKPOINTS.strip().splitlines()
]
each_checkpoint = pytest.mark.parametrize(
    ("checkpoint", "row"),
    list(zip(paper.CHECKPOINTS, ROWS, strict=True)),
    ids=[f"{row[0]}-{row[1]}" for row in ROWS],
)


@each_checkpoint
def test_a_checkpoint_is_recorded_as_listed(checkpoint, row):
    alpha, resolution, listed, _, params, top1, top5, quantized_top1, quantized_top5 = row
    assert checkpoint == paper.Checkpoint(alpha, resolution, listed, params, top1, top5, quantized_top1, quantized_top5)


@each_checkpoint
def test_a_checkpoint_costs_what_an_exact_count_gives(checkpoint, row):
    assert round(million(mobilenet(checkpoint.alpha, checkpoint.resolution)), 1) == row[3]


@each_checkpoint
def test_the_listed_mult_adds_match_but_for_six_rows(checkpoint, row):
    layers = mobilenet(checkpoint.alpha, checkpoint.resolution)
    if row[:2] in {(0.25, 192), (0.5, 224)}:  # unexplained, and 149.497 rounded up
        assert round(million(layers)) != row[2]
    else:
        assert round(million(layers[1:] if row[0] == 0.75 else layers)) == row[2]


@each_checkpoint
def test_the_listed_parameters_are_kernels_bias_and_three_numbers_per_channel(checkpoint, row):
    *body, last = mobilenet(checkpoint.alpha)
    normalization = 3 * sum(layer.out_channels for layer in body)
    params = total([*body, last]).params + last.out_channels + normalization
    assert round(params / MILLION, 2) == row[4]


def test_none_of_four_ways_of_counting_gives_34_for_the_checkpoint_025_192():
    first, *body, last = mobilenet(0.25, 192)
    counts = [million(layers) for layers in ([first, *body, last], [*body, last], [first, *body], body)]
    assert max(counts) < 30.5


# Errata and verdicts ------------------------------------------------------------------------------------------------


def test_every_erratum_says_where_what_and_why():
    assert len(paper.ERRATA) >= 5
    for erratum in paper.ERRATA:
        assert erratum.where.startswith(("paper, ", "checkpoint list, "))
        assert erratum.printed and erratum.why and erratum.printed != erratum.correct


@pytest.mark.parametrize(
    ("where", "printed", "correct"),
    [
        ("Table 1", "stride 2", "stride 1"),
        ("Table 2", "1.19%", "1.91%"),
        ("Tables 4 to 9", "4866, 290 and 76", "4867, 291 and 77"),
        ("0.75 rows", "317, 233, 162, 104", "325, 239, 166, 107"),
        ("0.25-192", "34", "30"),
        ("VGG 16", "15300", "15470"),
        ("GoogLeNet", "1550", "1583"),
    ],
)
def test_an_erratum_names_both_numbers(where, printed, correct):
    (erratum,) = [erratum for erratum in paper.ERRATA if where in erratum.where]
    assert printed in erratum.printed and correct in erratum.correct


def test_a_slip_is_told_from_another_rule_and_from_what_nothing_explains():
    kinds = {
        kind: [e.where for e in paper.ERRATA if e.kind == kind] for kind in ("slip", "another rule", "unexplained")
    }
    assert sum(map(len, kinds.values())) == len(paper.ERRATA)
    places = ["Table 1", "Table 2", "section 4.2"]
    assert all(place in where for place, where in zip(places, kinds["slip"], strict=True))
    places = ["Tables 4 to 9", "VGG 16", "SqueezeNet", "0.75 rows"]
    assert all(place in where for place, where in zip(places, kinds["another rule"], strict=True))
    places = ["GoogLeNet", "0.25-192"]
    assert all(place in where for place, where in zip(places, kinds["unexplained"], strict=True))
