"""What operators ask for: labels, which versions and which models are loaded.

It is written down, done in this worker, and answered when all workers of the server do it.
"""

from service.errors import LabelNotFound
from service.repository.agreement import Agreement
from service.repository.registry import Registry, ServedVersion
from service.repository.version_policy import VersionPolicy, sought
from service.repository.watcher import Watcher
from service.repository.wishes import Wishes, check_label


class Operators:
    """Does what they ask for. Belongs to one event loop."""

    def __init__(self, registry: Registry, watcher: Watcher, agreement: Agreement) -> None:
        self._registry = registry
        self._watcher = watcher
        self._agreement = agreement

    async def load(self, model: str) -> ServedVersion:
        """Look at the folder now, load what is there or failed before, and return the leading version, ready.

        Raises:
            ModelNotFound: there is no such model.
            ModelFailed: that version could not be loaded; what answered before still does.
            StateUnavailable: that it is to be loaded could not be written down.
        """
        await self._watcher.look_at(model)
        await self._watcher.change(lambda wishes: wishes.loading(model))
        versions = [record.candidate.version for record in self._registry.of_model(model)]
        served = await self._watcher.ready((model, sought(self._registry.policy(model), versions)))
        await self._agreement.reached(lambda standing: standing.leading.get(model))
        return served

    async def unload(self, model: str) -> None:
        """Let all versions of a model go, for good; return when what they had in flight is answered.

        Raises:
            ModelNotFound: there is no such model.
            StateUnavailable: that it is to be unloaded could not be written down.
        """
        if model not in self._registry.model_names:
            await self._watcher.look_at(model)
        await self._watcher.change(lambda wishes: wishes.unloading(model))
        await self._watcher.drained(model)
        await self._agreement.reached(lambda standing: standing.leading.get(model))

    async def label(self, model: str, label: str, version: int) -> None:
        """Point a label at a version: load that where it is not, and move the label when it is ready.

        Raises:
            InvalidInput: that is no name for a label.
            ModelNotFound: there is no such model or version.
            ModelNotReady: the model was unloaded.
            ModelFailed: the version could not be loaded.
            StateUnavailable: the label could not be written down.
        """
        check_label(label)
        await self._watcher.look_at(model, version)
        with self._watcher.pinned((model, version)):
            await self._watcher.ready((model, version))
            await self._watcher.change(lambda wishes: wishes.labelled(model, label, version))
        await self._agreement.reached(lambda standing: standing.labels.get(model))

    async def unlabel(self, model: str, label: str) -> None:
        """Remove a label.

        Raises:
            LabelNotFound: there is no such label.
            StateUnavailable: the file of labels is damaged, or cannot be written.
        """

        def without(wishes: Wishes) -> Wishes:
            if label not in wishes.of(model):
                here = ", ".join(wishes.of(model)) or "none"
                raise LabelNotFound(f"there is no such label; labels of this model: {here}")
            return wishes.unlabelled(model, label)

        await self._watcher.change(without)
        await self._agreement.reached(lambda standing: standing.labels.get(model))

    async def choose(self, model: str, policy: VersionPolicy | None) -> None:
        """Say which versions of a model are to be loaded, or with None that the setting says it.

        Versions come and go for it as they do by themselves: what serves stays until one that is wanted can.

        Raises:
            ModelNotFound: there is no such model.
            StateUnavailable: it could not be written down.
        """
        if model not in self._registry.model_names:
            await self._watcher.look_at(model)
        await self._watcher.change(lambda wishes: wishes.choosing(model, policy))
        await self._agreement.reached(lambda standing: standing.leading.get(model))
