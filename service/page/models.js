// What is served, which version is chosen, and whether the server is there: it is asked again and again.

const EVERY_MS = 4000;
const EVERY_MS_WHILE_LOST = 1000;

/** Return the versions of a model that answer, the newest first. */
export function ready(model) {
  return model.versions.filter((one) => one.state === 'ready').sort((a, b) => b.version - a.version);
}

/**
 * Return `{name, version}` of what answers a wish, or null where nothing answers at all.
 *
 * `wanted` is `{name, version}`, both optional: no version means the newest, no name the default model.
 */
export function choose(models, wanted) {
  const answering = models.filter((model) => ready(model).length);
  const model =
    answering.find((one) => one.name === wanted.name) ?? answering.find((one) => one.default) ?? answering[0];
  if (!model) return null;
  const versions = ready(model);
  const version = model.name === wanted.name && versions.find((one) => one.version === wanted.version);
  return { name: model.name, version: (version || versions[0]).version };
}

/**
 * Return the version that a wish asked for in vain, as it is listed, or `{version}` where there is none; null where it
 * asked for what is chosen.
 */
export function missed(models, { name, version }, chosen) {
  if (!name || (name === chosen.name && (!version || version === chosen.version))) return null;
  const versions = models.find((one) => one.name === name)?.versions ?? [];
  return (version ? versions.find((one) => one.version === version) : versions.at(-1)) ?? { version };
}

/** Return the path under which a version is asked. */
export function pathOf({ name, version }) {
  return `models/${encodeURIComponent(name)}/versions/${version}`;
}

/**
 * Look at the server for as long as the page is there; the page is looked at, too: a hidden one asks nothing.
 *
 * `heard(models)` is called when the list has changed, `failed(error)` when it could not be had.
 */
export class Watch {
  constructor(api, heard, failed) {
    this.api = api;
    this.heard = heard;
    this.failed = failed;
    this.last = '';
    this.timer = 0;
    this.turn = 0;
    this.lost = false;
    document.addEventListener('visibilitychange', () => this.look());
  }

  /** Ask now, and again after a while. */
  async look() {
    clearTimeout(this.timer);
    if (document.visibilityState === 'hidden') return;
    const mine = ++this.turn;
    try {
      const { models } = await this.api.get('models');
      if (mine !== this.turn) return; // a later look tells what is newer
      const text = JSON.stringify(models);
      if (text !== this.last) {
        this.last = text;
        await this.heard(models);
      }
    } catch (error) {
      this.failed(error);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), this.lost ? EVERY_MS_WHILE_LOST : EVERY_MS);
  }

  /** Know that a call could not be made: ask soon whether the server is back. */
  lose(lost) {
    if (lost === this.lost) return;
    this.lost = lost;
    if (lost) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.look(), EVERY_MS_WHILE_LOST);
    }
  }
}
