"""Which keys the routes need; `service.predictor` asks for the one of predictions."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from service.keys import Scope
from service.parts import UseParts

# It checks nothing: it is how the documentation page learns that a key may be given.
_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of `modiste key new`.")
_Documented = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


async def _evaluator(use: UseParts, request: Request, documented: _Documented) -> None:
    use.keys.require(dict(request.scope["headers"]), Scope.EVALUATE)


async def _scraper(use: UseParts, request: Request, documented: _Documented) -> None:
    use.keys.require(dict(request.scope["headers"]), Scope.METRICS)


async def _predictor(use: UseParts, request: Request, documented: _Documented) -> None:
    use.keys.require(dict(request.scope["headers"]), Scope.PREDICT)


async def _admin(use: UseParts, request: Request, documented: _Documented) -> str | None:
    return use.keys.require(dict(request.scope["headers"]), Scope.ADMIN)


needs_evaluate = Depends(_evaluator)
"""For routes that need a key with the scope evaluate, where there is one."""

needs_metrics = Depends(_scraper)
"""The same for the scope metrics."""

needs_predict = Depends(_predictor)
"""The same for the scope predict."""

AdminKey = Annotated[str | None, Depends(_admin)]
"""The name of the admin key of a request."""
