"""What MJML and HTML a template may hold, as data out of the MJML 4 documentation.

Left out on purpose: what loads pictures or fonts from other people's servers, what the compiler gets wrong, and
what mail programs drop.
"""

from collections.abc import Mapping
from dataclasses import dataclass


def _set(*groups: str) -> frozenset[str]:
    return frozenset(" ".join(groups).split())


_PADDING = "padding padding-top padding-right padding-bottom padding-left"
_BORDER = "border border-top border-right border-bottom border-left border-radius"
_BACKGROUND = (
    "background-color background-url background-repeat background-size background-position "
    "background-position-x background-position-y"
)
_FONT = "color font-family font-size font-style font-weight letter-spacing line-height text-decoration text-transform"
_COMMON = "css-class mj-class"
_BLOCK = f"{_COMMON} {_PADDING} container-background-color align"


@dataclass(frozen=True, slots=True)
class Tag:
    """Where an MJML tag may stand, what it may carry, and whether HTML or text may stand in it."""

    parents: frozenset[str]
    attributes: frozenset[str]
    html: bool = False


_IN_COLUMN = _set("mj-column mj-hero")
_IN_BODY = _set("mj-body mj-wrapper")
TAGS: Mapping[str, Tag] = {
    "mjml": Tag(frozenset({""}), _set("lang dir")),
    "mj-head": Tag(_set("mjml"), frozenset()),
    "mj-title": Tag(_set("mj-head"), frozenset(), html=True),
    "mj-style": Tag(_set("mj-head"), _set("inline"), html=True),
    "mj-breakpoint": Tag(_set("mj-head"), _set("width")),
    "mj-attributes": Tag(_set("mj-head"), frozenset()),
    "mj-all": Tag(_set("mj-attributes"), _set("*")),
    "mj-class": Tag(_set("mj-attributes"), _set("* name")),
    "mj-body": Tag(_set("mjml"), _set("background-color width css-class id")),
    "mj-wrapper": Tag(
        _set("mj-body"), _set(_COMMON, _PADDING, _BORDER, _BACKGROUND, "full-width gap text-align")
    ),
    "mj-section": Tag(
        _IN_BODY, _set(_COMMON, _PADDING, _BORDER, _BACKGROUND, "full-width direction text-align text-padding")
    ),
    "mj-hero": Tag(
        _IN_BODY,
        _set(
            _COMMON, _PADDING, _BACKGROUND, "border-radius background-height background-width height mode width",
            "inner-background-color inner-padding vertical-align",
        ),
    ),
    "mj-group": Tag(_set("mj-section"), _set(_COMMON, "background-color direction vertical-align width")),
    "mj-column": Tag(
        _set("mj-section mj-group"),
        _set(
            _COMMON, _PADDING, _BORDER, "background-color direction vertical-align width inner-background-color",
            "inner-border inner-border-top inner-border-right inner-border-bottom inner-border-left",
            "inner-border-radius",
        ),
    ),
    "mj-text": Tag(_IN_COLUMN, _set(_BLOCK, _FONT, "height vertical-align"), html=True),
    "mj-button": Tag(
        _IN_COLUMN,
        _set(
            _BLOCK, _FONT, _BORDER, "background-color height href inner-padding name rel target text-align title",
            "vertical-align width",
        ),
        html=True,
    ),
    "mj-table": Tag(
        _IN_COLUMN, _set(_BLOCK, _FONT, "border cellpadding cellspacing role table-layout width"), html=True
    ),
    "mj-image": Tag(
        _IN_COLUMN,
        _set(_BLOCK, _BORDER, "alt fluid-on-mobile font-size height href max-height name rel src target title width"),
    ),
    "mj-divider": Tag(_IN_COLUMN, _set(_BLOCK, "border-color border-style border-width width")),
    "mj-spacer": Tag(_IN_COLUMN, _set(_BLOCK, "height")),
    "mj-raw": Tag(_set("mj-head mj-body mj-column mj-hero"), frozenset(), html=True),
}  # fmt: skip

TRELLIS: Mapping[str, frozenset[str]] = {
    "trellis-content": frozenset(),
    "trellis-partial": _set("name"),
    "trellis-answers": _set("css-class"),
}

REFUSED: Mapping[str, str] = {
    "mj-include": "Use <trellis-partial name=…/>.",
    "mj-html-attributes": "Write the attribute on the element.",
    "mj-font": "Name fonts that readers have; mail loads nothing from other servers.",
    "mj-preview": "Write preheader: in the front matter.",
    "mj-carousel": "Use mj-image; a carousel loads pictures from another server.",
    "mj-accordion": "Use mj-text; an accordion loads pictures from another server.",
    "mj-social": "Use mj-image with your own icon and a link.",
    "mj-social-element": "Use mj-image with your own icon and a link.",
    "mj-navbar": "Use mj-text with links.",
    "mj-navbar-link": "Use mj-text with links.",
}

HTML_TAGS = _set(
    "a abbr b blockquote br center cite code col colgroup dd div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins li meta ol",
    "p pre q s small span strong sub sup table tbody td tfoot th thead time tr u ul wbr",
)
HTML_ATTRIBUTES = _set(
    "align alt bgcolor border cellpadding cellspacing class colspan content datetime dir height href id lang media",
    "name rel role rowspan scope src start style target title type valign width",
)
VOID = _set("br col hr img meta wbr")
# Attribute values that may hold a chunk; widths, colours and styles may not.
CHUNK_ATTRIBUTES = _set("alt aria-label href lang src title")
SIZES = _set("width height font-size max-height", _PADDING, "inner-padding border-radius border-width")
ALL_ATTRIBUTES = frozenset().union(*(tag.attributes for tag in TAGS.values())) - {"*"}
# Elements between whose children the compiler writes Outlook tables that a condition would cut in two.
NO_BLOCK_INSIDE = _set("mj-wrapper mj-section mj-group mjml mj-head mj-attributes")
