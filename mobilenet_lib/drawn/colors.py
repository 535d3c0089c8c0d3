"""Colors, by what they are for."""

Color = tuple[int, int, int]


def colors(codes: str) -> list[Color]:
    """Colors by their codes on the web, "ff0000" for red."""
    return [tuple(bytes.fromhex(code)) for code in codes.split()]


INK, WHITE, PINK = colors("261e22 faf8f2 ec9698")
BRIGHT = colors("d64842 f0a83c f6d25c 629e5c 4896a0 5074b2 9062a0 e27a8e")
PASTEL = colors("f6d6c4 fae8bc d6e6c4 bedede c4d2ec decee8 f0eee4 cec6bc")
# Base, darker, lighter.
FURS = {
    "ginger": colors("e28c3e b25c24 fad096"),
    "gray": colors("808086 54565e c4c4c8"),
    "black": colors("3e3a42 242228 7c767c"),
    "white": colors("eee8de c6baac fcfaf6"),
    "cream": colors("debe8e aa8256 f8e6c6"),
    "brown": colors("7c543a 523426 c49a74"),
    "chocolate": colors("684638 422c24 ac8064"),
    "blue-gray": colors("707c8e 4a5468 b2becc"),
    "sand": colors("c49862 8e643a f0d6aa"),
    "golden": colors("cea04c 9c6e2c f6da98"),
    "red-brown": colors("aa603c 743c26 e8b890"),
}


def shaded(color: Color, light: float) -> Color:
    return tuple(min(255, int(value * light)) for value in color)


def mixed(one: Color, other: Color, share: float) -> Color:
    return tuple(int(a + (b - a) * share) for a, b in zip(one, other, strict=True))
