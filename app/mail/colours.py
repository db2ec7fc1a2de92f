"""Colours of CSS and how well one reads on another (WCAG 2.2, 1.4.3)."""

import re

Colour = tuple[float, float, float]
BLACK, WHITE, LINK = (0.0, 0.0, 0.0), (255.0, 255.0, 255.0), (0.0, 0.0, 238.0)
# The names of HTML 4 and those seen most besides; a colour of another name is not judged.
_NAMES = {
    "black": "000000", "silver": "c0c0c0", "gray": "808080", "grey": "808080", "white": "ffffff", "maroon": "800000",
    "red": "ff0000", "purple": "800080", "fuchsia": "ff00ff", "green": "008000", "lime": "00ff00", "olive": "808000",
    "yellow": "ffff00", "navy": "000080", "blue": "0000ff", "teal": "008080", "aqua": "00ffff", "orange": "ffa500",
    "lightgray": "d3d3d3", "lightgrey": "d3d3d3", "darkgray": "a9a9a9", "darkgrey": "a9a9a9", "whitesmoke": "f5f5f5",
    "pink": "ffc0cb", "gold": "ffd700", "beige": "f5f5dc", "ivory": "fffff0", "tomato": "ff6347", "cyan": "00ffff",
    "magenta": "ff00ff", "crimson": "dc143c", "brown": "a52a2a", "lightyellow": "ffffe0", "lightblue": "add8e6",
}  # fmt: skip
_HEX = re.compile(r"#?([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*([\d.]+%?)[\s,]+([\d.]+%?)[\s,]+([\d.]+%?)(?:[\s,/]+([\d.]+%?))?\s*\)")
_IN_SHORTHAND = re.compile(r"rgba?\([^)]*\)|#[0-9a-f]{3,8}\b|(?<![\w-])[a-z]+(?![\w(-])")


def colour(text: str, behind: Colour) -> Colour | None:
    """The colour a text names, mixed with what is behind where it lets that through; None if it names none."""
    text = text.strip().lower()
    text = "#" + _NAMES[text] if text in _NAMES else text
    if text.startswith("#") and (found := _HEX.fullmatch(text)):
        digits = found[1] if len(found[1]) > 4 else "".join(digit * 2 for digit in found[1])
        parts = [int(digits[place : place + 2], 16) for place in range(0, len(digits), 2)]
        return _mixed(parts[0], parts[1], parts[2], parts[3] / 255 if len(parts) > 3 else 1.0, behind)
    if match := _RGB.fullmatch(text):
        red, green, blue = (_share(match[place], 255.0) for place in (1, 2, 3))
        return _mixed(red, green, blue, _share(match[4] or "1", 1.0), behind)
    return None


def shorthand_colour(text: str, behind: Colour) -> Colour | None:
    """The colour within a `background`, such as `#fff url(…) top center`."""
    text = re.sub(r"url\([^)]*\)", " ", text.lower())
    found = (colour(word, behind) for word in _IN_SHORTHAND.findall(text))
    return next((one for one in found if one is not None), None)


def contrast(one: Colour, other: Colour) -> float:
    """From 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def written(value: Colour) -> str:
    """As people write it: #16261D."""
    return "#" + "".join(f"{round(part):02X}" for part in value)


def _share(text: str, whole: float) -> float:
    value = float(text[:-1]) / 100 * whole if text.endswith("%") else float(text)
    return min(max(value, 0.0), whole)


def _mixed(red: float, green: float, blue: float, alpha: float, behind: Colour) -> Colour:
    return (
        red * alpha + behind[0] * (1 - alpha),
        green * alpha + behind[1] * (1 - alpha),
        blue * alpha + behind[2] * (1 - alpha),
    )


def _luminance(value: Colour) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in value
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
