"""Sweeps of real trainings: rows, means, the choice, what is remembered, and what is published."""

import csv
import dataclasses
import shlex
import shutil
import statistics

import numpy as np
import pytest
from PIL import Image
from sweep_data import write_sweeps
from training_data import small_dataset

from modiste.report import CARD
from training.catalog import parse_change, read_recipe
from training.errors import QualityGateError
from training.sweep import (
    PICTURE,
    SweepError,
    again,
    draw,
    print_table,
    publish_best,
    read_sweep,
    recover,
    run_sweep,
    verdict,
    write_table,
)
from training.train import train_on

LARGE = """
description = "One with more weights than a processor has addresses."
recipe = "small.toml"

[[variants]]
name = "large"
changes = { "network.layers" = [
  { type = "reshape", target_shape = [28, 28, 1] },
  { type = "conv2d", filters = 1_048_576, kernel_size = 65_536 },
  { type = "global_average_pooling2d" },
  { type = "dense", units = 10 },
] }

[[variants]]
name = "sound"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("sweep")
    write_sweeps(made)
    return made


@pytest.fixture(scope="module")
def find():
    dataset = small_dataset()
    return lambda _: dataset


@pytest.fixture(scope="module")
def sweep(folder):
    return read_sweep(str(folder / "comparison.toml"))


@pytest.fixture(scope="module")
def result(sweep, folder, find):
    return run_sweep(sweep, folder / "runs", find)


def test_a_training_that_fails_is_a_row_and_the_others_go_on(result):
    outcomes = [(row.variant, row.seed, row.outcome) for row in result.rows]
    assert outcomes == [
        ("broken", 1, "failed"),
        ("broken", 2, "failed"),
        ("sound", 1, "finished"),
        ("sound", 2, "finished"),
    ]
    assert "loss became" in result.rows[0].reason
    assert result.best.name == "sound"


def test_a_network_that_no_memory_holds_is_a_row_and_the_others_go_on(folder, find, tmp_path):
    (folder / "large.toml").write_text(LARGE)
    sweep = read_sweep(str(folder / "large.toml"))
    large, sound = run_sweep(sweep, tmp_path, find).rows
    assert (large.outcome, sound.outcome) == ("failed", "finished")
    assert "the memory does not suffice (OOM when allocating tensor" in large.reason
    assert "Lower fit.batch_size" in large.reason
    assert run_sweep(sweep, tmp_path, find).rows[0].reason == large.reason


def test_a_training_of_a_sweep_is_what_it_is_alone(result, find):
    row = result.rows[2]
    alone = train_on(find(row.recipe), row.recipe)
    assert dict(row.figures) == alone.figures
    for name in ("loss", "val_loss", "val_accuracy"):
        assert row.history[name] == alone.history[name]


def test_the_model_of_a_row_comes_back_without_training(result, find):
    row = result.rows[3]
    before = (row.folder / "state.npz").stat().st_mtime_ns
    run, trained = recover(row, find)
    run.close()
    assert trained.figures == dict(row.figures)
    assert (row.folder / "state.npz").stat().st_mtime_ns == before


def test_means_and_deviations_are_those_of_the_seeds(result):
    losses = [row.kept("val_loss") for row in result.rows[2:]]
    tests = [row.figures["test_accuracy"] for row in result.rows[2:]]
    loss, test = result.groups[1].kept("val_loss"), result.groups[1].stated("test_accuracy")
    assert (loss.mean, loss.deviation) == pytest.approx((statistics.mean(losses), statistics.stdev(losses)))
    assert (test.mean, test.deviation) == pytest.approx((statistics.mean(tests), statistics.stdev(tests)))
    assert result.groups[0].kept("val_loss") is None


def test_the_tables_state_every_variant(result, tmp_path, capsys):
    write_table(result, tmp_path)
    with (tmp_path / "table.csv").open() as file:
        broken, sound = csv.DictReader(file)
    assert (broken["outcomes"], broken["validation_loss"], broken["best"]) == ("failed failed", "", "0")
    assert (sound["seeds"], sound["parameters"], sound["best"]) == ("1 2", "7850", "1")
    spread = result.groups[1].kept("val_loss")
    assert float(sound["validation_loss_deviation"]) == spread.deviation
    text = (tmp_path / "table.md").read_text()
    assert f"{spread.mean:.4f} ± {spread.deviation:.4f}" in text
    assert "seed 1 failed: loss became" in text
    print_table(result)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and lines[2].startswith("sound")


def test_what_is_done_is_not_done_again_and_seeds_may_be_added(result, sweep, folder, find, tmp_path, capsys):
    copy = shutil.copytree(folder / "runs", tmp_path / "runs")
    state = copy / "sound-seed1" / "state.npz"
    before = state.stat().st_mtime_ns
    grown = run_sweep(dataclasses.replace(sweep, seeds=(*sweep.seeds, 3)), copy, find)
    assert capsys.readouterr().out.count("Done before") == len(result.rows) == 4
    assert state.stat().st_mtime_ns == before
    assert [row.history for row in grown.rows if row.recipe.seed != 3] == [row.history for row in result.rows]
    assert len(grown.rows) == 6


def test_nothing_is_taken_out_of_a_sweep_that_is_gone_on_with(result, sweep, folder, find):
    """Its table would be written without what it had."""
    with pytest.raises(SweepError, match="was begun with the seeds 2, too"):
        run_sweep(dataclasses.replace(sweep, seeds=(1, 3)), folder / "runs", find)
    sound = {"sound": sweep.variants["sound"]}
    with pytest.raises(SweepError, match="was begun with broken, too"):
        run_sweep(dataclasses.replace(sweep, variants=sound), folder / "runs", find)


def test_another_sweep_is_not_gone_on_with_in_the_same_folder(result, folder, find):
    other = read_sweep(str(folder / "comparison.toml"), {"optimizer.learning_rate": 0.01})
    with pytest.raises(SweepError, match="another recipe"):
        run_sweep(other, folder / "runs", find)
    with pytest.raises(SweepError, match="begun with sweep = 'comparison', which is now 'search'"):
        run_sweep(read_sweep(str(folder / "search.toml")), folder / "runs", find)


def worse_in_test(row):
    return dataclasses.replace(row, figures={**row.figures, "test_accuracy": 0.0, "test_loss": 99.0})


def test_the_choice_asks_validation_figures_and_never_test_figures(result):
    sound = result.groups[1]
    better = dataclasses.replace(sound.rows[0], history={**sound.rows[0].history, "val_loss": (0.1,) * 3})
    rival = dataclasses.replace(sound, name="rival", rows=(worse_in_test(better), sound.rows[1]))
    chosen = dataclasses.replace(result, groups=(sound, rival))
    assert chosen.best is rival
    assert chosen.best_row is rival.rows[0]
    assert verdict(chosen).startswith("rival has the lowest validation loss")
    unsound = dataclasses.replace(rival, rows=(rival.rows[0], result.rows[0]))
    assert dataclasses.replace(result, groups=(sound, unsound)).best is sound


def test_the_best_of_a_search_says_how_to_train_it_alone(result, folder):
    values = {"optimizer.learning_rate": 0.012345678, "network.layers.1.rate": 0.5}
    group = dataclasses.replace(result.groups[1], name="trial 1", values=values)
    searched = read_sweep(str(folder / "search.toml"), {"fit.epochs": 3})
    search = dataclasses.replace(result, sweep=searched, groups=(group,))
    command = shlex.split(again(search))
    assert command[:2] == ["modiste", "train"]
    changes = dict(parse_change(word) for word in command[4::2])
    seed = search.best_row.seed
    assert changes == {**values, "fit.epochs": 3, "seed": seed}
    assert read_recipe(command[2], changes) == searched.recipe(values).model_copy(update={"seed": seed})
    assert again(result) is None


def test_accuracy_is_better_the_higher_it_is(result, sweep):
    sound = result.groups[1]
    lower = tuple(
        dataclasses.replace(row, history={**row.history, "val_accuracy": (0.0,) * 3}) for row in sound.rows
    )
    rival = dataclasses.replace(sound, rows=lower)
    monitored = dataclasses.replace(sweep, monitor="val_accuracy")
    chosen = dataclasses.replace(result, sweep=monitored, groups=(rival, sound))
    assert chosen.best is sound
    assert verdict(chosen).startswith("sound has the highest validation accuracy")


def test_the_picture_has_the_colour_of_each_variant_that_came_to_an_epoch(result, tmp_path):
    sound = result.groups[1]
    halved = tuple(
        dataclasses.replace(
            row, history={name: tuple(0.5 * v for v in values) for name, values in row.history.items()}
        )
        for row in sound.rows
    )
    rival = dataclasses.replace(sound, name="rival", rows=halved)
    two = dataclasses.replace(result, groups=(sound, rival, result.groups[0]))
    draw(two, tmp_path / PICTURE)
    with Image.open(tmp_path / PICTURE) as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    for colour in ((0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (np.abs(pixels.astype(int) - colour).max(axis=1) < 8).sum() > 200


def test_the_best_is_published_with_its_spread_over_seeds(result, find, tmp_path):
    published = publish_best(result, tmp_path, find, "modiste sweep mine --publish", prepared=False)
    assert published.folder == tmp_path / "small" / "1"
    assert published.metadata.metrics["validation_loss"] == result.best_row.kept("val_loss")
    card = (published.folder / "report" / CARD).read_text()
    spread = result.best.stated("test_accuracy")
    assert f"over 2 seeds, this one among them: mean test accuracy {spread.mean:.4f}, standard" in card
    assert f"standard deviation {spread.deviation:.4f}." in card
    assert f"this training among {len(result.rows)} were chosen by the validation data." in card
    assert "modiste sweep mine --publish" in card


def test_the_gate_of_the_recipe_refuses_the_best_too(folder, find, tmp_path):
    strict = read_sweep(
        str(folder / "small.toml"), {"gate.min_test_accuracy": 0.999, "fit.epochs": 1}, seeds=[5]
    )
    result = run_sweep(strict, tmp_path / "runs", find)
    with pytest.raises(QualityGateError, match=r"0\.9990"):
        publish_best(result, tmp_path / "artifacts", find, prepared=False)
    assert not list(tmp_path.glob("artifacts/small/*"))
    nobody = dataclasses.replace(result, groups=())
    with pytest.raises(SweepError, match="Nothing was published"):
        publish_best(nobody, tmp_path / "artifacts", find)
