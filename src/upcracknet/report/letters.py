"""The letters of a PDF: Bitstream Vera, which reportlab ships.

It has the letters of Western and parts of Central Europe. Any other sign becomes a question mark; the page in
HTML shows it.
"""

from xml.sax.saxutils import escape

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = TTFont("Vera", "Vera.ttf"), TTFont("VeraBd", "VeraBd.ttf")
registerFont(PLAIN)
registerFont(BOLD)

_SPACES = str.maketrans({"\u202f": "\u00a0", "\u2011": "-"})


def shown(text: str) -> str:
    """Replace the signs that the letters lack; a space that keeps words together stays one."""
    known = PLAIN.face.charToGlyph
    return "".join(
        sign if ord(sign) in known or sign == "\u00a0" else "?" for sign in text.translate(_SPACES)
    )


def marked(text: str) -> str:
    """Write a text for a paragraph of reportlab, which takes marks like those of HTML."""
    return escape(shown(text)).replace("`", "")
