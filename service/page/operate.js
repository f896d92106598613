// What is served and who may change it: states and reasons, labels, loading; and what the server does now.

import { Api } from './api.js';
import { el, field, fill, fine } from './dom.js';
import { Live } from './live.js';

export const styles = ['panels.css'];

// In memory alone: it ends with the page, and a change of model or language keeps it.
let adminKey = '';

/** Mount the part; see app.js. It is about all models, and there where none is ready: `context.model` is not looked at. */
export function mount(root, context) {
  const { t } = context;
  const admin = new Admin(context);
  const live = new Live(context);
  root.append(
    el('div', { class: 'stack' },
      el('section', { class: 'card at-live' }, el('h2', t('operate.live')), live.root),
      el('section', { class: 'card at-models' }, el('h2', t('operate.models')), admin.root),
    ),
  );
  return { unmount() {} };
}

/** The list of models with what an operator can do to them. */
class Admin {
  constructor(context) {
    Object.assign(this, { context, t: context.t, asked: null, busy: false });
    this.api = new Api(() => adminKey || context.key);
    this.api.unreachable = context.api.unreachable;
    const { t } = this;
    this.key = el('input', { type: 'password', id: 'operate-key', autocomplete: 'off', spellcheck: 'false', on: { input: (event) => (adminKey = event.target.value.trim()) } });
    this.key.value = adminKey;
    this.label = el('input', { id: 'operate-label', autocomplete: 'off', spellcheck: 'false', maxlength: '64', on: { change: () => this.show() } });
    this.label.value = 'stable';
    this.said = el('div', { role: 'status' });
    this.trouble = el('div');
    this.list = el('div', { class: 'stack' });
    this.root = el('div', { class: 'stack' },
      el('div', { class: 'controls' }, field(t('operate.key'), this.key), field(t('operate.label'), this.label)),
      fine(t('operate.key.lead')),
      this.said,
      this.trouble,
      this.list,
    );
    context.on('models', () => this.show());
    this.show();
  }

  /** The models as the server listed them last. */
  show() {
    const { models } = this.context;
    const focused = document.activeElement?.dataset?.act;
    fill(this.list, models.length ? models.map((model) => this.model(model)) : fine(this.t('operate.none')));
    if (focused) this.list.querySelector(`[data-act="${CSS.escape(focused)}"]`)?.focus();
  }

  model(model) {
    const { t } = this;
    const loaded = model.versions.some((one) => one.state !== 'unloaded');
    const title = model.display_name === model.name ? model.name : `${model.display_name} (${model.name})`;
    return el('div', {},
      el('div', { class: 'head' },
        el('h3', model.default ? t('shell.default', { name: title }) : title),
        el('div', { class: 'row' }, this.act(`load ${model.name}`, t('operate.load'), t('operate.load.of', { name: title }), () => this.load(model)), loaded ? this.unload(model, title) : null),
      ),
      el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': t('operate.versions', { name: title }) },
        el('table', { class: 'plain versions' },
          el('thead', {}, el('tr', {}, ['version', 'state', 'engine', 'labels'].map((name) => el('th', { scope: 'col', text: t(`operate.${name}`) })), el('td'))),
          el('tbody', {}, [...model.versions].reverse().flatMap((one) => this.version(model, one))),
        ),
      ),
    );
  }

  version(model, one) {
    const { t } = this;
    const label = this.label.value.trim();
    const here = one.labels.includes(label);
    const can = label && !here && one.state !== 'failed' && one.state !== 'unloaded';
    const row = el('tr', {},
      el('th', { scope: 'row', class: 'num', text: String(one.version) }),
      el('td', {}, el('span', { class: `state ${one.state}`, text: t(`shell.state.${one.state}`) })),
      el('td', one.engine ? (one.engine === 'onnx' ? 'ONNX Runtime' : 'Keras') : '–'),
      el('td', {}, one.labels.map((name) => this.chip(model, name))),
      el('td', {},
        el('div', { class: 'acts' }, can ? this.act(`promote ${model.name} ${one.version}`, t('operate.promote'), t('operate.promote.of', { label, version: one.version, name: model.name }), () => this.move(model, label, one.version)) : null),
      ),
    );
    return one.reason ? [row, el('tr', {}, el('td', { colspan: '5', class: 'reason', text: one.reason }))] : [row];
  }

  chip(model, name) {
    return el('span', { class: 'chip' }, name, this.act(`remove ${model.name} ${name}`, '×', this.t('operate.remove', { label: name, name: model.name }), () => this.remove(model, name)));
  }

  act(id, text, label, does) {
    return el('button', { text, 'aria-label': label, dataset: { act: id }, disabled: this.busy, on: { click: does } });
  }

  /** Unloading takes a model from its callers: it is asked twice. */
  unload(model, title) {
    const { t } = this;
    if (this.asked !== model.name) {
      return this.act(`unload ${model.name}`, t('operate.unload'), t('operate.unload.of', { name: title }), () => {
        this.asked = model.name;
        this.show();
        this.list.querySelector(`[data-act="${CSS.escape(`keep ${model.name}`)}"]`).focus();
      });
    }
    const keep = this.act(`keep ${model.name}`, t('operate.unload.no'), t('operate.unload.no'), () => {
      this.asked = null;
      this.show();
    });
    return [this.act(`unload ${model.name}`, t('operate.unload.yes'), t('operate.unload.yes.of', { name: title }), () => this.unloaded(model)), keep];
  }

  move(model, label, version) {
    const { versions } = this.context.models.find((one) => one.name === model.name) ?? model;
    const before = versions.find((one) => one.labels.includes(label))?.version ?? null;
    const body = { method: 'PUT', json: { version } };
    return this.change(path(model, label), body, [
      this.t('operate.moved', { label, version, name: model.name }),
      before === null || before === version ? null : this.act('back', this.t('operate.back', { version: before }), this.t('operate.back.of', { label, version: before }), () => this.move(model, label, before)),
    ]);
  }

  remove(model, label) {
    return this.change(path(model, label), { method: 'DELETE' }, [this.t('operate.removed', { label, name: model.name })]);
  }

  load(model) {
    return this.change(`${path(model)}/load`, { method: 'POST' }, [this.t('operate.loaded', { name: model.name })]);
  }

  unloaded(model) {
    this.asked = null;
    return this.change(`${path(model)}/unload`, { method: 'POST' }, [this.t('operate.unloaded', { name: model.name })]);
  }

  /** Ask for a change, say what became of it, and show how things are. */
  async change(address, options, done) {
    this.busy = true;
    fill(this.said);
    fill(this.trouble);
    this.show();
    let failure;
    try {
      await this.api.json(address, { ...options, signal: this.context.signal });
    } catch (error) {
      failure = error;
    }
    await this.context.look();
    this.busy = false;
    this.show();
    if (!failure) fill(this.said, el('div', { class: 'told' }, done[0], done[1]));
    else if (this.context.failed(this.trouble, failure, this.t('operate.key.wanted'))) this.key.focus();
  }
}

function path({ name }, label) {
  return ['models', name, ...(label ? ['labels', label] : [])].map(encodeURIComponent).join('/');
}
