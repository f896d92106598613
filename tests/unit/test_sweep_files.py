"""Sweeps as files: what the shipped ones say, what is refused, and which folder a sweep takes."""

from pathlib import Path

import pytest

import training
from training.catalog import read_recipe
from training.errors import RecipeError, TrainingError
from training.schema.sweep import Dimension
from training.sweep_files.catalog import read_sweep, shipped_sweeps
from training.sweep_files.errors import SweepError
from training.sweep_files.folder import choose_folder, opened, read_record, write_record

HEAD = 'description = "Mine."\nrecipe = "fashion-relu"\n'
VARIANT = '[[variants]]\nname = "a"\n'
SPACE = '[search]\ntrials = 2\n[search.space]\n"optimizer.learning_rate" = '


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_every_shipped_sweep_is_sound_and_says_what_it_is():
    assert set(shipped_sweeps()) == {
        "fashion-activations",
        "fashion-epochs",
        "fashion-optimizers",
        "fashion-search",
    }
    for name, description in shipped_sweeps().items():
        assert read_sweep(name).description == description != ""


def test_the_optimizers_of_the_course_are_compared_on_one_network():
    variants = read_sweep("fashion-optimizers").variants
    said = [recipe.optimizer.model_dump(exclude_unset=True) for recipe in variants.values()]
    assert said == [
        {"name": "sgd"},
        {"name": "sgd", "learning_rate": 0.1},
        {"name": "sgd", "momentum": 0.9, "nesterov": True},
        {"name": "adagrad"},
        {"name": "rmsprop"},
        {"name": "adam"},
        {"name": "adam", "learning_rate": 0.0005},
    ]
    base = read_recipe("fashion-relu")
    for recipe in variants.values():
        assert recipe.model_copy(update={"optimizer": base.optimizer}) == base


def test_the_other_experiments_change_one_thing_each():
    epochs = read_sweep("fashion-epochs").variants
    assert [recipe.fit.epochs for recipe in epochs.values()] == [5, 20]
    activations = read_sweep("fashion-activations").variants
    hidden = [recipe.network.layers[1].activation for recipe in activations.values()]
    assert hidden == ["sigmoid", "relu", "leaky_relu"]


def test_a_recipe_is_a_sweep_over_seeds_by_name_and_by_path(tmp_path):
    by_name = read_sweep("fashion-mlp", seeds=[1, 2])
    assert (by_name.name, by_name.seeds) == ("fashion-mlp-seeds", (1, 2))
    assert dict(by_name.variants) == {"fashion-mlp": read_recipe("fashion-mlp")}
    shipped = Path(training.__file__).parent / "recipes" / "fashion-mlp.toml"
    copy = written(tmp_path, shipped.read_text())
    assert read_sweep(copy).seeds == (42,)
    assert dict(read_sweep(copy).variants) == {"mine": read_recipe("fashion-mlp")}


def test_a_change_from_the_command_line_holds_in_every_training():
    sweep = read_sweep("fashion-optimizers", {"optimizer.learning_rate": 0.02, "fit.epochs": 1})
    assert {(r.optimizer.learning_rate, r.fit.epochs) for r in sweep.variants.values()} == {(0.02, 1)}
    search = read_sweep("fashion-search", {"fit.epochs": 3})
    assert search.recipe({"network.layers.1.units": 64}).fit.epochs == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"optimizer.learning_rate": 0.02}, {"name": "sgd", "learning_rate": 0.02}),
        ({"optimizer": {"name": "rmsprop"}}, {"name": "rmsprop"}),
    ],
    ids=["a part of what the variant changes", "the whole of it"],
)
def test_the_command_line_has_the_last_word_where_it_overlaps_a_variant(tmp_path, changes, expected):
    whole = 'changes = { optimizer = { name = "sgd", learning_rate = 0.1 } }\n'
    parts = 'changes = { "optimizer.name" = "sgd", "optimizer.learning_rate" = 0.1 }\n'
    text = HEAD + VARIANT + whole + VARIANT.replace('"a"', '"b"') + parts
    variants = read_sweep(written(tmp_path, text), changes).variants
    assert [one.optimizer.model_dump(exclude_unset=True) for one in variants.values()] == [expected] * 2


def test_a_sweep_names_its_recipe_beside_itself(tmp_path):
    shipped = Path(training.__file__).parent / "recipes" / "fashion-relu.toml"
    (tmp_path / "base.toml").write_text(shipped.read_text())
    sweep = read_sweep(
        written(tmp_path, HEAD.replace("fashion-relu", "base.toml") + "seeds = [3, 4]\n" + VARIANT)
    )
    assert (sweep.name, sweep.seeds) == ("mine", (3, 4))
    assert sweep.variants["a"] == read_recipe("fashion-relu")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, r"either \[\[variants\]\]"),
        (HEAD + VARIANT + SPACE + "{ low = 0.1, high = 0.2 }", r"either \[\[variants\]\]"),
        (HEAD + VARIANT + VARIANT, "two variants are called 'a'"),
        (HEAD + VARIANT + VARIANT.replace('"a"', '"A"'), "two variants are called 'A'"),
        (HEAD + VARIANT + "changes = { seed = 3 }", "'seeds' lists them"),
        (HEAD + VARIANT + 'changes = { "optimizer.learning_rte" = 3 }', "The variant 'a'.*learning_rate"),
        (HEAD + "sedes = [1]\n" + VARIANT, "did you mean 'seeds'"),
        (HEAD + "seeds = [1, 1]\n" + VARIANT, r"seeds are \[1, 1\]"),
        (HEAD + 'monitor = "val_mean_absolute_error"\n' + VARIANT, "allowed with a: val_loss, val_accuracy"),
        (HEAD + SPACE + "{ low = 0.1 }", "either low and high, or choices"),
        (HEAD + SPACE + "{ low = 0.2, high = 0.1 }", "low must be the lower"),
        (HEAD + SPACE + "{ low = 0.0, high = 0.1, log = true }", "low above 0"),
        (HEAD + SPACE + "{ low = 0.1, choices = [1, 2] }", "choices stand alone"),
        (
            HEAD + SPACE + "{ low = 0.0, high = 0.1 }",
            "The search's space allows optimizer.learning_rate = 0.0",
        ),
        (HEAD + SPACE.replace("optimizer.learning_rate", "seed") + "{ low = 1, high = 2 }", "lists them"),
        (
            HEAD
            + SPACE
            + '{ low = 0.1, high = 0.2 }\noptimizer = { choices = [{ name = "sgd" }, { name = "adam" }] }',
            "search.space: 'optimizer.learning_rate' is a part of 'optimizer'",
        ),
        (
            HEAD + VARIANT + 'changes = { optimizer = { name = "sgd" }, "optimizer.learning_rate" = 0.1 }',
            "variants.0.changes: 'optimizer.learning_rate' is a part of 'optimizer'",
        ),
        (
            HEAD + VARIANT + 'changes = { "network.layers.1.units" = 9, "network.layers.01.units" = 8 }',
            "'network.layers.01.units' is a part of 'network.layers.1.units', or the same",
        ),
        (HEAD.replace("relu", "rela") + VARIANT, "No recipe is called 'fashion-rela'"),
        ("a = ", "not valid TOML"),
    ],
)
def test_a_mistake_is_named(tmp_path, text, message):
    with pytest.raises(TrainingError, match=f"(?s){message}"):
        read_sweep(written(tmp_path, text))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"low": 1, "high": 8, "step": 0.5}, "must be one"),
        ({"low": 1, "high": 8, "step": 2}, "no whole number of steps"),
        ({"low": 0.0, "high": 0.5, "step": 0.2}, "no whole number of steps"),
    ],
)
def test_a_range_that_its_steps_do_not_fill_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Dimension(**fields)
    assert Dimension(low=0.0, high=0.6, step=0.2).step == 0.2


@pytest.mark.parametrize("field", ["network.layers.1.units", "network.layers", "optimizer"])
def test_what_is_searched_for_cannot_be_set_too(field):
    with pytest.raises(SweepError, match="the sweep fashion-search searches for"):
        read_sweep("fashion-search", {field: 64})


def test_seeds_are_given_as_seeds_and_not_as_a_change():
    with pytest.raises(SweepError, match="--seeds lists them"):
        read_sweep("fashion-epochs", {"seed": 4})
    with pytest.raises(SweepError, match=r"seeds are \[\]"):
        read_sweep("fashion-epochs", seeds=[])


def test_an_unknown_name_is_answered_with_the_nearest_one():
    with pytest.raises(SweepError, match="Did you mean 'fashion-epochs'"):
        read_sweep("fashion-epoch")
    with pytest.raises(RecipeError, match="fashion-baseline"):
        read_sweep("fashion-baseline")


def test_a_new_sweep_takes_the_next_number_and_a_resumed_one_the_newest_that_was_begun(tmp_path):
    sweeps = tmp_path / "mine"
    with pytest.raises(SweepError, match="no sweep to go on with"):
        choose_folder(sweeps, None, resume=True)
    assert choose_folder(sweeps, None, resume=False) == sweeps / "1"
    with opened(sweeps / "2"):
        write_record(sweeps / "2", {"sweep": "mine"})
    (sweeps / "10").mkdir()  # the folder of something else, or of a sweep that was killed at its first step
    assert choose_folder(sweeps, None, resume=False) == sweeps / "11"
    assert choose_folder(sweeps, None, resume=True) == sweeps / "2"
    assert read_record(sweeps / "2") == {"sweep": "mine"}


def test_a_folder_that_holds_something_is_not_begun_in(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(SweepError, match="no empty folder"):
        choose_folder(tmp_path, tmp_path, resume=False)
    with pytest.raises(SweepError, match="no sweep to go on with"):
        choose_folder(tmp_path, tmp_path, resume=True)
    assert choose_folder(tmp_path, tmp_path / "new", resume=False) == tmp_path / "new"


def test_a_sweep_belongs_to_one_process_at_a_time(tmp_path):
    with opened(tmp_path), pytest.raises(SweepError, match="another process"), opened(tmp_path):
        pass
    with opened(tmp_path):
        pass


def test_a_damaged_note_is_named(tmp_path):
    (tmp_path / "sweep.json").write_text("{")
    with pytest.raises(SweepError, match=r"sweep\.json cannot be read"):
        read_record(tmp_path)


@pytest.mark.parametrize(
    ("recipe", "expected"), [("fashion-wide", "val_accuracy"), ("fashion-relu", "val_loss")]
)
def test_a_sweep_that_names_no_figure_goes_by_that_of_its_recipe(recipe, expected):
    assert read_sweep(recipe).monitor == expected
