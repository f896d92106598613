"""The report of a version: its files, its figures, and that its pictures can be read."""

import dataclasses
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from modiste.report import CARD, EVALUATION, VersionReport
from modiste.report_images import IMAGES
from tests.unit.report_subjects import NAMES, answers, classified, history, images, measured
from training.report import SeedSpread, draw_report, style
from training.report.by_epoch import height, tick_epochs
from training.report.calibration import calibration
from training.report.card import Provenance, model_card
from training.report.confusion import commonest, confusion_matrix
from training.report.curves import learning_curves
from training.report.evaluation import evaluation
from training.report.labels import labels_of
from training.report.mistakes import confident_mistakes, draw_mistakes, largest_deviations
from training.report.per_class import per_class
from training.report.samples import samples
from training.report.scatter import predicted_against_true
from training.schema.recipe import Recipe
from training.trained import Trained

COMMAND = "modiste train fashion-relu"
LIBRARIES = {"keras": "3.15.1"}
SEEDS = SeedSpread("test_accuracy", {1: 0.87, 2: 0.88, 3: 0.89})
LONG = tuple(f"a class whose name goes on and on until kind {n}" for n in range(30))


@pytest.fixture(scope="module")
def trained() -> Trained:
    return classified()


@pytest.fixture(scope="module")
def folder(trained, tmp_path_factory) -> Path:
    """A whole report of a classifier."""
    path = tmp_path_factory.mktemp("version") / "report"
    draw_report(trained, path, command=COMMAND, libraries=LIBRARIES, seeds=SEEDS)
    return path


@pytest.fixture(scope="module")
def report(folder) -> VersionReport:
    return VersionReport.read(folder / EVALUATION)


@pytest.fixture(scope="module")
def card(folder) -> str:
    return (folder / CARD).read_text(encoding="utf-8")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_report_holds_its_pictures_a_card_and_the_same_as_data(folder, report):
    pictures = {"learning_curves", "confusion_matrix", "per_class", "calibration", "mistakes", "samples"}
    assert set(report.pictures) == {f"{name}.png" for name in pictures}
    assert names_in(folder) == {*report.pictures, CARD, EVALUATION, IMAGES}


def test_the_pictures_are_drawn_and_none_is_blank(folder, report):
    for name in report.pictures:
        with Image.open(folder / name) as picture:
            assert min(picture.size) > 400, name
            assert len(np.unique(np.asarray(picture.convert("L")))) > 50, name


def test_a_report_is_small_enough_to_be_kept_with_the_code(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000


def test_the_same_result_gives_the_same_bytes(trained, folder, tmp_path):
    again = tmp_path / "again"
    draw_report(trained, again, command=COMMAND, libraries=LIBRARIES, seeds=SEEDS)
    assert names_in(again) == names_in(folder)
    for path in again.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes(), path.name


def test_the_data_are_those_of_the_evaluation(report, trained):
    scores = trained.tested.scores
    assert (report.rows, report.loss, report.accuracy) == (120, 0.5, scores.accuracy)
    assert report.confusion_matrix == scores.confusion_matrix
    assert report.per_class is not None and scores.per_class is not None
    assert [one.label for one in report.per_class] == list(NAMES)
    assert [one.recall for one in report.per_class] == [one.recall for one in scores.per_class]


def test_the_bars_add_up_to_the_calibration_error(report):
    assert report.calibration is not None
    filled = [bar for bar in report.calibration if bar.rows]
    gaps = sum(bar.rows * abs(bar.accuracy - bar.confidence) for bar in filled)
    assert gaps / report.rows == pytest.approx(report.expected_calibration_error)
    assert sum(bar.rows for bar in filled) == report.rows
    empty = next(bar for bar in report.calibration if not bar.rows)
    assert (empty.accuracy, empty.confidence) == (None, None)


def test_the_surest_mistakes_come_first_and_equal_ones_in_their_order():
    sure = [[0.1, 0.9], [0.4, 0.6], [0.3, 0.7], [0.3, 0.7], [0.8, 0.2]]
    subject = classified(sure, [1, 0, 0, 0, 1], ("no", "yes"))
    found = confident_mistakes(subject.tested)
    assert [(m.index, m.true, m.predicted) for m in found] == [(4, 1, 0), (2, 0, 1), (3, 0, 1), (1, 0, 1)]
    assert [m.probability for m in found] == pytest.approx([0.8, 0.7, 0.7, 0.6])


def test_the_largest_deviations_come_first():
    subject = measured(rows=4)
    moved = subject.tested.answers + np.array([[0.0], [-0.5], [0.1], [0.3]], np.float32)
    found = largest_deviations(dataclasses.replace(subject.tested, answers=moved))
    assert [one.index for one in found] == [1, 3, 2, 0]
    assert found[0].predicted - found[0].true == pytest.approx(-0.48, abs=1e-6)


def test_confusions_are_listed_by_how_common_they_are():
    found = commonest([[5, 1, 0], [3, 7, 0], [0, 1, 0]], 3)
    assert [(c.true, c.predicted, c.rows, c.support) for c in found] == [
        (1, 0, 3, 10),
        (0, 1, 1, 6),
        (2, 1, 1, 1),
    ]
    assert commonest([[5, 0], [0, 2]], 3) == []


def test_every_picture_and_link_of_the_card_leads_somewhere(card, folder, report):
    links = set(re.findall(r"\]\(([^)]+)\)", card))
    assert links == {*report.pictures, EVALUATION}
    assert links <= names_in(folder)


def test_the_recipe_in_the_card_can_be_trained_again(card, trained):
    block = re.search(r"```toml\n(.*?)```", card, re.S)
    assert block is not None
    assert Recipe.model_validate(tomllib.loads(block[1])) == trained.recipe


def test_the_card_states_where_it_comes_from(card, trained):
    assert f"```\n{COMMAND}\n```" in card
    assert "keras 3.15.1" in card
    assert "100 for training, 20 for validation, 120 for test" in card
    assert f"| accuracy | 83.33% | {trained.tested.scores.accuracy:.2%} |" in card
    assert "6 s for all epochs" in card
    for digest in trained.dataset.sha256.values():
        assert digest in card


def test_the_card_says_what_was_decided_by_which_data(card):
    assert "The epoch was chosen by the validation data." in card
    assert "The test data were met when the training was over, and decided nothing." in card
    gated = classified(gate={"min_test_accuracy": 0.5}, checkpoint=None)
    text = card_of(gated)
    assert "chosen by the validation" not in text
    assert "decided nothing but whether the version was published." in text


def test_the_card_says_that_a_training_was_chosen_among_several(trained):
    assert "The epoch and this training among 3 were chosen by the validation data." in card_of(trained, 3)
    last = classified(checkpoint=None)
    assert "This training among 3 was chosen by the validation data." in card_of(last, 3)


def card_of(trained: Trained, among: int = 1) -> str:
    provenance = Provenance(None, {}, None, among)
    return model_card(trained, evaluation(trained, [], [], []), provenance, labels_of(NAMES))


def test_the_card_says_what_smoothed_labels_do_to_the_loss(card):
    assert "smoothed" not in card
    smoothed = classified(loss={"name": "categorical_crossentropy", "label_smoothing": 0.05})
    target = keras_smoothing(np.eye(10)[0], 0.05)
    least = float(-(target * np.log(target)).sum())
    assert f"labels smoothed by 0.05: even perfect answers have one of {least:.4f}" in card_of(smoothed)


def keras_smoothing(one_hot: np.ndarray, smoothing: float) -> np.ndarray:
    return one_hot * (1 - smoothing) + smoothing / len(one_hot)


def test_images_that_are_wider_than_high_leave_no_gaps():
    subject = classified(rows=40)
    heights = []
    for shape in ((40, 32, 32, 3), (40, 16, 32, 3)):
        test = dataclasses.replace(subject.dataset.test, x=np.zeros(shape, np.uint8))
        data = dataclasses.replace(subject.dataset, test=test)
        figure = samples(dataclasses.replace(subject, dataset=data), labels_of(NAMES), "class")
        heights.append(figure.get_size_inches()[1])
    assert heights[0] - heights[1] == pytest.approx(5 * 1.3 / 2)


def test_the_card_tells_luck_from_skill(card):
    assert "over 3 seeds, this one among them: mean test accuracy 0.8800, standard deviation 0.0100." in card


def test_one_seed_has_no_deviation():
    assert SeedSpread("test_accuracy", {7: 0.5}).deviation is None


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    odd = ("a|b", "*c*", "<d>", "$5-$10", "e_f", "[g](h)", "`i`", "new\nline", "#j", "\\k")
    subject = classified(names=odd)
    mistakes = confident_mistakes(subject.tested)
    card = model_card(
        subject, evaluation(subject, mistakes, [], []), Provenance(None, {}, None, 1), labels_of(odd)
    )
    tables = re.findall(r"(?:^\|.*\|\n)+", card, re.M)
    assert len(tables) == 5
    for table in tables:
        cells = {len(re.findall(r"(?<!\\)\|", row)) for row in table.splitlines()}
        assert len(cells) == 1, table
    assert r"a\|b" in card and r"\*c\*" in card and "| e_f |" in card


def test_a_model_without_mistakes_shows_none(tmp_path):
    _, labels = images(60)
    draw_report(classified(np.eye(10)[labels], labels, epochs=1), tmp_path / "report")
    assert "mistakes.png" not in names_in(tmp_path / "report")
    assert "No test image is classified wrongly." in (tmp_path / "report" / CARD).read_text()
    assert VersionReport.read(tmp_path / "report" / EVALUATION).mistakes == ()


def test_a_model_that_gives_a_number_is_shown_by_its_errors(tmp_path):
    draw_report(measured(), tmp_path / "report")
    found = VersionReport.read(tmp_path / "report" / EVALUATION)
    assert found.pictures == (
        "learning_curves.png",
        "predicted_against_true.png",
        "mistakes.png",
        "samples.png",
    )
    assert names_in(tmp_path / "report") == {*found.pictures, CARD, EVALUATION, IMAGES}
    assert found.mean_absolute_error == pytest.approx(0.02, abs=1e-6)
    assert (found.accuracy, found.confusion_matrix, found.mistakes) == (None, None, ())
    assert len(found.deviations) == 100
    assert "a number, the mean ink" in (tmp_path / "report" / CARD).read_text()


def test_very_many_classes_keep_the_report_small(tmp_path):
    labels = np.arange(300)
    names = tuple(f"species {n}" for n in labels)
    draw_report(classified(answers(labels, 300, 4.0), labels, names), tmp_path / "report")
    found = VersionReport.read(tmp_path / "report" / EVALUATION)
    assert found.confusion_matrix is None and "confusion_matrix.png" in found.pictures
    assert found.per_class is not None and len(found.per_class) == 300
    assert sum(path.stat().st_size for path in (tmp_path / "report").iterdir()) < 500_000


def every_picture(subject: Trained) -> dict[str, Figure]:
    names, scores = labels_of(subject.class_names or ()), subject.tested.scores
    assert scores.confusion_matrix is not None and scores.per_class is not None
    return {
        "curves": learning_curves(subject),
        "confusion": confusion_matrix(scores.confusion_matrix, names),
        "per class": per_class(scores.per_class, names),
        "calibration": calibration(scores),
        "mistakes": draw_mistakes(subject, confident_mistakes(subject.tested), names),
        "samples": samples(subject, names, "class"),
    }


def subject_of(classes: int, epochs: int) -> Trained:
    """Sure of everything and often wrong: the longest captions that there are."""
    labels = np.arange(200) % classes
    taken = (labels + (np.arange(200) % 3 == 0)) % classes
    return classified(answers(taken, classes, 14.0), labels, LONG[:classes], epochs=epochs)


@pytest.mark.parametrize(("classes", "epochs"), [(2, 1), (10, 40), (30, 200)])
def test_no_text_leaves_its_picture_or_lies_on_another(classes, epochs):
    with style.applied():
        for name, figure in every_picture(subject_of(classes, epochs)).items():
            figure.draw_without_rendering()
            for text in written(figure):
                box = text.get_window_extent()
                assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1, (name, text.get_text())
                assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1, (name, text.get_text())
            assert overlapping(figure) == [], name


def written(figure: Figure) -> list[Text]:
    """The texts that can be seen: without those of ticks beyond the ends of their axis."""
    unseen = {label for axes in figure.axes for label in hidden(axes)}
    found = figure.findobj(Text)
    return [t for t in found if t.get_visible() and t.get_text().strip() and t not in unseen]


def hidden(axes: Axes) -> list[Text]:
    labels = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not axes.axison or not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                labels += [tick.label1, tick.label2]
    return labels


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Level texts that share ground, or that read as one because hardly a gap is between them."""
    level = [(t.get_text(), t.get_window_extent()) for t in written(figure) if t.get_rotation() == 0]
    return [
        (one, other)
        for n, (one, a) in enumerate(level)
        for other, b in level[n + 1 :]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > -3 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]


def test_a_rate_that_changes_is_drawn_and_one_that_does_not_is_not():
    subject = classified()
    for rates, panels in (((0.1, 0.1, 0.1), 2), ((0.1, 0.05, 0.01), 3)):
        past = history() | {"learning_rate": rates}
        assert len(learning_curves(dataclasses.replace(subject, history=past)).axes) == panels


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [
        (0, [1]),
        (1, [1]),
        (10, [*range(1, 11)]),
        (11, [1, 4, 6, 8, 11]),
        (20, [1, 5, 10, 15, 20]),
        (21, [1, 5, 10, 15, 21]),
        (100, [1, 20, 40, 60, 80, 100]),
    ],
)
def test_the_first_and_the_last_epoch_are_ticked_and_round_ones_between(epochs, expected):
    axes = Figure().subplots()
    tick_epochs(axes.xaxis, epochs)
    assert axes.get_xticks().tolist() == expected


def test_losses_that_measure_different_things_share_an_axis_as_loss():
    one, other = classified().recipe, measured().recipe
    assert height("loss", [one, one]) == "cross-entropy (nats)"
    assert height("loss", [other]) == other.loss.name.replace("_", " ")
    assert height("loss", [one, other]) == "loss"


def test_a_loss_that_is_the_metric_is_drawn_once():
    recipe = measured().recipe
    absolute = recipe.model_dump(mode="json") | {"loss": {"name": "mean_absolute_error"}}
    subject = dataclasses.replace(measured(), recipe=Recipe.model_validate(absolute))
    assert len(learning_curves(subject).axes) == 1


@pytest.mark.parametrize("rows", [60, 1000, 1])
def test_numbers_that_are_all_the_same_can_be_drawn(rows):
    subject = measured(rows)
    constant = np.full_like(subject.tested.answers, 0.5)
    figure = predicted_against_true(dataclasses.replace(subject.tested, answers=constant), "mean ink")
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert low < 0.5 < high


def test_the_worst_of_very_many_classes_are_drawn_hardest_first():
    labels = np.arange(600) % 60
    subject = classified(answers(labels, 60, 2.0), labels, tuple(f"kind {n}" for n in range(60)))
    scores = subject.tested.scores.per_class
    assert scores is not None
    figure = per_class(scores, labels_of(subject.class_names))
    drawn = [int(tick.get_text().split()[1]) for tick in figure.axes[0].get_yticklabels()]
    assert len(drawn) == 40
    assert all(scores[one].f1 <= scores[other].f1 for one, other in pairwise(drawn))


def test_colour_images_are_shown_as_they_are(tmp_path):
    subject = classified(rows=40)
    pixels = np.random.default_rng(1).integers(0, 256, (40, 32, 48, 3), np.uint8)
    test = dataclasses.replace(subject.dataset.test, x=pixels)
    colour = dataclasses.replace(subject, dataset=dataclasses.replace(subject.dataset, test=test))
    draw_report(colour, tmp_path / "report")
    assert "one RGB image of 48 x 32 pixels" in (tmp_path / "report" / CARD).read_text()
    with Image.open(tmp_path / "report" / "samples.png") as picture:
        red, green, _ = np.asarray(picture.convert("RGB"), int).reshape(-1, 3).T
    assert (np.abs(red - green) > 60).mean() > 0.1


def test_a_report_is_made_without_keras():
    code = (
        "import sys, training.report; print([m for m in ('keras', 'tensorflow', 'jax') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
