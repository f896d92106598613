// The calls to the service. Paths are relative (`models`, not `/models`), so that a proxy may show the service
// under a path of its own.

/** The service said no: `message` is its own words. `status` 0: it could not be reached. */
export class ApiError extends Error {
  constructor(status, code, message, requestId = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
  }
}

/** Calls, with the key of the reader. `keyOf` returns it, or ''; `reached` hears whether the service answered. */
export class Api {
  constructor(keyOf, reached = () => {}) {
    this.keyOf = keyOf;
    this.reached = reached;
    /** What is said where the service cannot be reached; the shell translates it. */
    this.unreachable = 'the server cannot be reached';
  }

  /** Return the whole address of a path. */
  url(path) {
    return new URL(path, document.baseURI).href;
  }

  /**
   * Return the Response to a call that succeeded.
   *
   * Takes `method`, `headers`, `body`, `signal`, and `json`, a value to be sent. Throws ApiError, and
   * the AbortError of a signal.
   */
  async call(path, { method = 'GET', headers = {}, body, json, signal } = {}) {
    const all = { ...headers };
    if (json !== undefined) all['content-type'] ??= 'application/json';
    const key = this.keyOf();
    if (key) all.authorization = `Bearer ${key}`;
    let response;
    try {
      response = await fetch(this.url(path), {
        method,
        headers: all,
        body: json === undefined ? body : JSON.stringify(json),
        signal,
        cache: 'no-store',
        credentials: 'same-origin',
        redirect: 'error',
      });
    } catch (error) {
      if (error.name === 'AbortError') throw error;
      this.reached(false);
      throw new ApiError(0, 'unreachable', this.unreachable);
    }
    this.reached(true);
    if (!response.ok) throw await failure(response);
    return response;
  }

  /** Return the JSON of a call. */
  async json(path, options) {
    return (await this.call(path, options)).json();
  }

  /** Return the JSON of a GET. */
  get(path, options) {
    return this.json(path, options);
  }

  /** Return the JSON of a POST of a value. */
  post(path, json, options = {}) {
    return this.json(path, { method: 'POST', json, ...options });
  }
}

/** Our own protocol says `{"error": {"code", "message", "request_id"}}`, the others `{"error": "..."}`. */
async function failure(response) {
  const id = response.headers.get('x-request-id');
  try {
    const { error } = await response.json();
    if (typeof error === 'string') return new ApiError(response.status, 'error', error, id);
    return new ApiError(response.status, error.code, error.message, error.request_id ?? id);
  } catch {
    return new ApiError(response.status, 'error', `${response.status} ${response.statusText}`, id);
  }
}
