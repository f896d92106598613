"""Which versions of a model are to be loaded: so many of the newest, all, or some by name.

One setting says it for every model (``MODISTE_VERSIONS_LOADED``), and an operator for one of them, in
``repository.json``. Both hold it in the same plain form: ``2``, ``"all"``, ``[3, 5]``. It is what TensorFlow
Serving's ``model_version_policy`` says with ``latest``, ``all`` and ``specific``.

A policy says what is wanted. What serves is not let go for it before something that is wanted can serve, and
a version that a label points to stays: that is for `service.repository.watcher` to see to.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

VersionNumber = Annotated[int, Field(ge=1, lt=10**9)]
NewestOrAll = Annotated[int, Field(ge=1, le=1000)] | Literal["all"]
VersionPolicy = NewestOrAll | Annotated[tuple[VersionNumber, ...], Field(min_length=1, max_length=256)]


def chosen(policy: VersionPolicy, versions: Sequence[int]) -> list[int]:
    """Return those of the versions, ascending, that a policy wants; the order stays."""
    if policy == "all":
        return list(versions)
    if isinstance(policy, int):
        return list(versions[-policy:])
    return [version for version in versions if version in policy]


def leading(policy: VersionPolicy, versions: Sequence[int]) -> int | None:
    """Return the version that answers for the model: the newest wanted, else the newest of all, else None.

    A version can be ready and not wanted: it has a label, or serves until a wanted one can.
    """
    return max(chosen(policy, versions) or versions, default=None)


def sought(policy: VersionPolicy, versions: Sequence[int]) -> int:
    """Return the version that is to answer for the model: the newest wanted, if by name a missing one."""
    of_policy = chosen(policy, versions)
    return max(of_policy or (policy if isinstance(policy, tuple) else [0]))


def kept(policy: VersionPolicy, ready: Sequence[int]) -> set[int]:
    """Return those of the ready versions, ascending, that a policy keeps; one of them at least."""
    return set(chosen(policy, ready) or ready[-1:])


def in_words(policy: VersionPolicy) -> str:
    """Say which versions a policy wants, as it stands after "loaded are"."""
    if policy == "all":
        return "all versions"
    if isinstance(policy, int):
        return "the newest version" if policy == 1 else f"the {policy} newest versions"
    return f"of the versions those named {', '.join(map(str, sorted(policy)))}"


def triton_form(policy: VersionPolicy) -> dict[str, dict[str, int | list[int]]]:
    """Return a policy as Triton's and TensorFlow Serving's configurations have it."""
    if policy == "all":
        return {"all": {}}
    if isinstance(policy, int):
        return {"latest": {"num_versions": policy}}
    return {"specific": {"versions": sorted(policy)}}
