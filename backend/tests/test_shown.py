"""Names in logs."""

import io
import logging
import sys

from architect.shown import ShownFormatter, shown


def test_what_would_be_obeyed_is_shown() -> None:
    assert shown("a\x1b[31mred\0\r\n\t\x7f") == "a\u241b[31mred\u2400\u240d\u240a\u2409\u2421"
    assert shown("\x9b2J, \u202egpj.exe\u2069") == "[U+009B]2J, [U+202E]gpj.exe[U+2069]"
    assert shown("pay\u200bpal\xad\U000e0001") == "pay[U+200B]pal[U+00AD][U+E0001]"
    assert shown("St\u00fchlchen \u6905\u5b50") == "St\u00fchlchen \u6905\u5b50"


def test_a_name_cannot_forge_a_line_of_the_log() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(ShownFormatter("%(levelname)s: %(message)s"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    name = "chair\nERROR: all is lost\x1b[2J"
    logger.warning("cannot bake %s", name)
    try:
        raise ValueError(name)
    except ValueError:
        logger.error("broke off", exc_info=sys.exc_info())
    first, second, *traceback = stream.getvalue().splitlines()
    assert first == "WARNING: cannot bake chair\u240aERROR: all is lost\u241b[2J"
    assert second == "ERROR: broke off"
    assert "\x1b" not in "".join(traceback)
