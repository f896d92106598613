"""Two servers behind one client, each restarted under load: no request fails, and every answer is right."""

import pytest

from bench import rolling
from tests.models import expected, write_version


@pytest.mark.long
@pytest.mark.parametrize(("workers", "restarts"), [(1, 2), (2, 1)], ids=["one worker each", "two each"])
def test_a_rolling_restart_fails_no_request(tmp_path, test_images, workers, restarts):
    write_version(tmp_path / "artifacts" / "fashion_mnist" / "1")
    pixels = test_images[0][:50]
    outcome = rolling.roll(
        tmp_path / "artifacts", pixels, expected(pixels), restarts=restarts, callers=4, workers=workers
    )
    assert outcome.failures == []
    assert outcome.restarts == outcome.unready_seen == 2 * restarts
    assert min(outcome.by_server) > 50
