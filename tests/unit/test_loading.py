"""The data of a recipe."""

import pytest

from modiste.datasets import DatasetError
from training.catalog import read_recipe
from training.loading import load_data


def test_a_folder_that_is_not_there_is_told_and_no_other_place_taken(tmp_path):
    with pytest.raises(DatasetError, match=r"There is no folder .*misspelt to look for the data in"):
        load_data(read_recipe("fashion-mlp").data, tmp_path / "misspelt")
