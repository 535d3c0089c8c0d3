"""What came after: blocks to scale, and accuracy against what it costs."""

from figures import example, words

from mobilenet_lib import plots


def test_a_block_says_what_makes_each_map_and_that_its_input_is_added():
    alt = example("chains").alt
    assert "One: 64 channels of 14 × 14, 64 channels of 14 × 14 by a depthwise layer" in alt
    assert "96 channels of 14 × 14 by a pointwise layer" in alt
    assert alt.count("the input is added to the output") == 1


def test_the_channels_of_each_map_stand_below_it():
    written = words(example("chains"))
    assert [number for number in written if number.isdigit()] == ["64", "64", "64", "16", "96", "96", "16"]
    assert written.count("added") == 1


def test_a_panel_for_each_cost_and_a_line_for_each_family():
    picture = example("accuracy against")
    assert "million Mult-Adds: a 49.8% at 41, b 63.3% at 150, c 68.1% at 66" in picture.alt
    first, second = picture.axes
    assert [len(line.get_xdata()) for line in first.lines] == [2, 1]
    assert [len(line.get_xdata()) for line in second.lines] == [2]
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["old", "new"]


def test_a_family_keeps_its_color_where_another_one_is_missing():
    panels = {"one": {"a": {"x": (1, 50.0)}, "b": {"y": (2, 60.0)}}, "other": {"b": {"y": (3, 60.0)}}}
    one, other = plots.accuracy_against(panels).axes
    assert one.lines[1].get_color() == other.lines[0].get_color() != one.lines[0].get_color()


def test_the_same_network_trained_anew_has_the_color_of_its_family_and_is_hollow():
    point = {"x": (1, 50.0)}
    axes, *_ = plots.accuracy_against({"cost": {"b": point, "a": point, "a, trained anew": point}}).axes
    b, a, anew = axes.lines
    assert anew.get_color() == a.get_color() != b.get_color() and anew.get_marker() == a.get_marker()
    assert (anew.get_markerfacecolor(), a.get_markerfacecolor()) == ("none", a.get_color())
