"""The limits on model files for a command: the server's settings, so that both judge a file alike."""

from modiste.commands.ending import fail
from modiste.prepare import PrepareLimits


def model_limits() -> PrepareLimits:
    """Return the limits; ends the command with status 2 where a setting is none."""
    from pydantic import ValidationError

    from modiste.prepare.limit_settings import ModelFileSettings

    try:
        return ModelFileSettings().prepare_limits
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        fail(f"MODISTE_{str(problem['loc'][0]).upper()}: {problem['msg']}", code=2)
