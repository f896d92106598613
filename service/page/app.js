// The shell: what is served and chosen, which part is open, whether the server is there.
//
// A part is a module <part>.js with `mount(root, context)`, which returns `{ unmount() }`, and its texts in
// texts/<part>.<language>.js. It exports `styles`, the names of its style sheets. It is mounted anew when
// another model, version or language is chosen; what shall outlive that is for its module to keep.
//
// context:
//   api      see api.js
//   t        t(key, values), the texts of the shell and of the part
//   lang     'en' or 'ko'
//   model    {name, version, display_name, path, summary}: the chosen version; `path` is models/NAME/versions/N
//   models   what GET /models lists, now
//   look()   asks for that list at once; resolves when it is here
//   key      the API key, '' for none
//   signal   an AbortSignal that aborts when the part is unmounted
//   on(event, handler)  hears 'models' (the list changed), 'lost', 'back', 'key', until it is unmounted
//   failed(root, error, help)  shows an error in an element, in the server's own words, unless it is an AbortError, and
//            returns whether a key lacks; `help` is a text that says where to put it, else a button does

import { Api } from './api.js';
import { button, el, fill, fine, translate } from './dom.js';
import { listModels, showTitle, showTools, turnTheme } from './header.js';
import { preferred, remember, translator } from './i18n.js';
import { Watch, choose, missed, pathOf } from './models.js';
import { session } from './storage.js';
import { Tabs, readHash, writeHash } from './tabs.js';

const at = (id) => document.getElementById(id);

const state = { lang: preferred(), t: (key) => key, models: [], model: null, key: session.get('key') ?? '' };
const events = new EventTarget();
const summaries = new Map();
let mounted = null;
let turn = 0;
let offers = [];

const api = new Api(() => state.key, (there) => reach(there));
const watch = new Watch(api, heard, (error) => error.status && showBanner(error.message, 'bad'));
const tabs = new Tabs(at('tabs'), at('panel'), (part) => go({ ...readHash(location.hash), part }));

function go(wish) {
  const hash = writeHash(wish);
  location.hash = hash;
  // Now, and not when the browser comes to tell of it: the next key may be pressed before.
  render();
}

function emit(name) {
  events.dispatchEvent(new Event(name));
}

// The server comes and goes

function reach(there) {
  if (there !== watch.lost) return;
  watch.lose(!there);
  document.body.classList.toggle('lost', !there);
  if (there) showBanner(state.t('shell.back'), 'good', 4000);
  else showBanner(state.t('shell.lost'), 'bad');
  emit(there ? 'back' : 'lost');
  if (there && !state.model) watch.last = '';
}

let bannerTimer = 0;
function showBanner(text, kind, ms = 0) {
  clearTimeout(bannerTimer);
  const banner = at('banner');
  banner.className = `banner ${kind}`;
  fill(banner, text ? el('p', { text }) : null);
  if (ms) bannerTimer = setTimeout(() => fill(banner), ms);
}

async function heard(models) {
  state.models = models;
  emit('models');
  if (!watch.lost) showBanner('', '');
  await render();
}

// What is shown

/** Show what the address, the list of models and the language say; what has not changed stays as it is. */
async function render() {
  const mine = ++turn;
  const wish = readHash(location.hash);
  const chosen = choose(state.models, wish);
  const { t, lang } = state;
  tabs.show(wish.part, t);
  offers = listModels(at('model'), state.models, chosen, t);
  if (!chosen) {
    state.model = null;
    fill(at('facts'));
    at('title').textContent = 'Modiste';
    // Where nothing answers it is an operator's turn, who may have unloaded the last one.
    if (wish.part === 'operate') return show(wish.part, null, mine);
    unmount();
    fill(at('panel'), el('p', { class: 'lead', text: t(state.models.length ? 'shell.none.ready' : 'shell.none') }), failures());
    return;
  }
  if (wish.unknown || wish.part !== 'operate') correct(wish, chosen);
  await show(wish.part, chosen, mine);
}

/** Say what of an address is not there, and correct it; of a version that may yet be ready it is kept. */
function correct(wish, chosen) {
  const { t } = state;
  const none = wish.unknown ? {} : missed(state.models, wish, chosen);
  if (!none) return;
  const name = wish.unknown ?? wish.name + (none.version ? ` ${t('shell.version', none)}` : '');
  const said = none.state ? t('shell.unready', { name, state: t(`shell.state.${none.state}`) }) : t('shell.missing', { name });
  showBanner([said, none.reason].filter(Boolean).join(' '), 'bad');
  if (none.state === 'found' || none.state === 'preparing') return;
  history.replaceState(null, '', writeHash({ ...wish, ...(wish.unknown ? {} : chosen) }));
}

/** Mount a part for a version, or for none, unless it is there already or something else is asked for meanwhile. */
async function show(name, chosen, mine) {
  const { t, lang } = state;
  // Operate is about all models: what an operator has begun there is not ended by a version that comes or goes.
  const identity = name === 'operate' ? `operate/${lang}` : [name, chosen.name, chosen.version, lang].join('/');
  try {
    const model = chosen && (await describe(chosen));
    if (mine !== turn) return;
    state.model = model;
    if (model) {
      showTitle(at('title'), at('facts'), model, lang, t);
      document.title = `${model.display_name} · Modiste`;
    }
    if (mounted?.identity === identity) return;
    const part = await import(`./${name}.js`);
    await Promise.all(part.styles.map(style));
    const texts = await translator(['shell', name], lang);
    if (mine !== turn) return;
    // Those of other parts would have their say in this one.
    for (const [sheet, link] of sheets) if (link.sheet) link.sheet.disabled = !part.styles.includes(sheet);
    mount(identity, part, texts);
  } catch (error) {
    if (mine === turn) {
      unmount();
      showFailure(at('panel'), error);
    }
  }
}

/** Why nothing answers: every version that failed, with its reason. */
function failures() {
  const failed = state.models.flatMap((model) =>
    model.versions.filter((one) => one.reason).map((one) => [`${model.display_name} ${one.version}`, one.reason]),
  );
  return el('dl', { class: 'reasons' }, failed.map(([name, why]) => [el('dt', name), el('dd', why)]));
}

async function describe(chosen) {
  const path = pathOf(chosen);
  if (!summaries.has(path)) summaries.set(path, await api.get(`${path}/summary`));
  const summary = summaries.get(path);
  return { ...chosen, display_name: summary.display_name, path, summary };
}

const sheets = new Map();

/** Wait for a style sheet, so that a part is never seen without. */
function style(name) {
  if (sheets.has(name)) return null;
  return new Promise((done) => {
    const link = el('link', { rel: 'stylesheet', href: new URL(name, import.meta.url).href, on: { load: done, error: done } });
    sheets.set(name, link);
    document.head.append(link);
  });
}

function mount(identity, part, t) {
  unmount();
  const root = el('div', { class: `part part-${identity.split('/')[0]}` });
  const ended = new AbortController();
  const context = {
    api,
    t,
    lang: state.lang,
    model: state.model,
    signal: ended.signal,
    get models() {
      return state.models;
    },
    get key() {
      return state.key;
    },
    look: () => watch.look(),
    on: (event, handler) => events.addEventListener(event, handler, { signal: ended.signal }),
    failed: showFailure,
  };
  fill(at('panel'), root);
  mounted = { identity, ended, part: part.mount(root, context) };
}

function unmount() {
  if (!mounted) return;
  mounted.ended.abort();
  mounted.part?.unmount?.();
  mounted = null;
}

function showFailure(root, error, help) {
  if (error.name === 'AbortError') return false;
  const asks = error.status === 401 || error.status === 403;
  fill(
    root,
    el('div', { class: 'failure', role: 'alert' },
      el('p', error.message),
      error.code && error.status ? fine(`${error.status} ${error.code}`) : null,
      asks && (help ? el('p', help) : button(state.t('shell.key.title'), openKey)),
    ),
  );
  return asks;
}

// The tools

async function speak(lang) {
  state.lang = lang;
  state.t = await translator(['shell'], lang);
  document.documentElement.lang = lang;
  api.unreachable = state.t('shell.lost');
  translate(document, state.t);
  tools();
}

function tools() {
  showTools({ language: at('language'), theme: at('theme'), key: at('key') }, state.lang, Boolean(state.key), state.t);
}

function openKey() {
  at('key-value').value = state.key;
  at('key-dialog').showModal();
}

function useKey(value) {
  state.key = value.trim();
  session.set('key', state.key);
  at('key-dialog').close();
  tools();
  emit('key');
}

function listen() {
  window.addEventListener('hashchange', () => {
    if (!watch.lost) showBanner('', '');
    render();
  });
  at('model').addEventListener('change', (event) => {
    const wish = { part: readHash(location.hash).part, ...offers[Number(event.target.value)] };
    go(wish);
  });
  at('language').addEventListener('click', async (event) => {
    const lang = event.currentTarget.dataset.to;
    remember(lang);
    await speak(lang);
    await render();
  });
  at('theme').addEventListener('click', () => {
    turnTheme();
    tools();
  });
  at('key').addEventListener('click', openKey);
  at('key-use').addEventListener('click', () => useKey(at('key-value').value));
  at('key-forget').addEventListener('click', () => useKey(''));
  at('key-value').addEventListener('keydown', (event) => event.key === 'Enter' && useKey(event.target.value));
  at('skip').addEventListener('click', (event) => {
    event.preventDefault();
    at('main').focus();
  });
}

listen();
await speak(state.lang);
tabs.show(readHash(location.hash).part, state.t);
await watch.look();
