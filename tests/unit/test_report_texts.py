"""What stands in a report's pictures and card: names that fit, letters that exist, shares, intervals, TOML."""

import tomllib

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from training.report import style
from training.report.grid import light_on_dark
from training.report.intervals import wilson
from training.report.labels import labels_of, shorten
from training.report.markdown import block, escaped
from training.report.toml import written

KOREAN = ("셔츠", "바지")
CIRCLED = ("Ⓐ", "Ⓑ")  # letters that matplotlib's usual font lacks, and another one that it brings has


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("Ankle boot", 10, "Ankle boot"),
        ("a class name that is long", 12, "a class…ong"),
        ("발목까지 오는 부츠", 10, "발목까…츠"),
        ("x" * 50, 3, "xx…"),
    ],
    ids=["fits", "cut in the middle", "wide letters", "nearly nothing"],
)
def test_long_names_are_cut_in_their_middle(text, columns, expected):
    assert shorten(text, columns) == expected


def test_names_that_a_cut_makes_equal_are_told_apart_by_their_numbers():
    names = [f"the same beginning {middle} and the same end" for middle in ("x", "y")]
    short = labels_of([*names, "other"]).short(16)
    assert short[0] != short[1]
    assert short[0].startswith("0: ") and short[1].startswith("1: ") and short[2] == "other"


def test_names_that_pictures_can_show_need_no_other_font():
    assert labels_of(["T-shirt/top", "žába", "Ωμέγα"]) == labels_of(["T-shirt/top", "žába", "Ωμέγα"], [])


def test_letters_that_no_font_has_become_numbers():
    labels = labels_of(KOREAN, [])
    assert labels.names == ("class 0", "class 1")
    assert labels.numbered and labels.fonts == ()


def test_a_font_of_empty_boxes_is_no_help():
    boxes = [one for one in font_manager.fontManager.ttflist if "Last Resort" in one.name]
    assert labels_of(KOREAN, boxes).numbered


def test_letters_that_another_font_has_are_drawn_with_it():
    own = [one for one in font_manager.fontManager.ttflist if one.name.startswith("STIX")]
    labels = labels_of(CIRCLED, own)
    assert labels.names == CIRCLED and labels.fonts == ("STIXGeneral",)
    with style.applied(labels.fonts):  # a missing letter is a warning, and so an error here
        figure = style.new_figure(3, 1, " ".join(labels.names))
        figure.draw_without_rendering()


def test_a_font_that_is_gone_is_passed_over():
    gone = font_manager.FontEntry(fname="/nowhere/font.ttf", name="Gone")
    assert labels_of(KOREAN, [gone]).numbered


def test_names_are_written_on_one_line_and_in_whole_letters():
    assert labels_of(["two\nlines\t\x00", "e\u0301"]).names == ("two lines", "é")
    assert labels_of(["  "]).names == ("class 0",)


def test_the_style_leaves_no_trace():
    before = dict(mpl.rcParams)
    with style.applied(("STIXGeneral",)):
        assert mpl.rcParams["font.family"] == ["DejaVu Sans", "STIXGeneral"]
    assert dict(mpl.rcParams) == before


def test_a_dollar_is_a_dollar(tmp_path):
    with style.applied():
        figure = style.new_figure(3, 1, r"$\nonsense{ and $x^2$")
        style.save(figure, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 500


def test_a_picture_keeps_its_colours_and_no_date(tmp_path):
    figure = Figure(figsize=(1, 1), facecolor=style.BLUE)
    style.save(figure, tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        assert picture.convert("RGB").getpixel((5, 5)) == (0x00, 0x72, 0xB2)
        assert not {"Software", "Creation Time", "date:create"} & set(picture.info)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [(1.0, 0, "100%"), (0.9999, 0, ">99%"), (0.99996, 1, ">99.9%"), (0.5, 1, "50.0%"), (0.0, 1, "0.0%")],
)
def test_what_is_not_quite_all_is_not_called_all(share, digits, text):
    assert style.percent(share, digits) == text


def test_the_interval_is_wilsons():
    assert wilson(0.5, 10) == pytest.approx((0.23659, 0.76341), abs=1e-5)
    assert wilson(1.0, 10) == pytest.approx((0.72247, 1.0), abs=1e-5)
    assert wilson(0.0, 10)[0] == 0.0


def test_ink_on_paper_is_told_from_photographs():
    dark = np.zeros((3, 8, 8), np.uint8)
    dark[:, 3:5, 3:5] = 255
    assert light_on_dark(dark)
    assert not light_on_dark(255 - dark)
    assert not light_on_dark(np.zeros((3, 8, 8, 3), np.uint8))


def test_toml_reads_back_as_what_was_written():
    table = {
        "description": 'It says "so"\\ on\ntwo lines, in 한글 \x7f',
        "seed": 42,
        "data": {"validation": 0.2, "target": {"type": "class"}},
        "network": {
            "layers": [
                {"type": "flatten"},
                {"type": "residual", "layers": [{"type": "dense", "units": 3, "size": [2, 2]}]},
            ]
        },
        "optimizer": {"learning_rate": 1e-05, "nesterov": True},
        "empty": [],
    }
    assert tomllib.loads(written(table)) == table


def test_markdown_shows_names_as_they_are():
    assert escaped("a|b\n*c* snake_case _d_") == r"a\|b \*c\* snake_case \_d\_"


def test_a_fence_is_longer_than_what_it_holds():
    assert block("a ```` b") == "`````\na ```` b\n`````"
