// Calls to the control API, and its stream of events. A token, where one is needed, comes with the
// address or is asked for.

const KEY = "mock-p1-token";
let token = null;
let askForToken = async () => null;

/** Take the token out of the address, where nobody looks over a shoulder. */
export function begin(ask) {
  askForToken = ask;
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  token = sessionStorage.getItem(KEY);
}

/** That the API says no, in its own words. */
export class AdminError extends Error {
  constructor(status, { message, remedy, problems }) {
    super(message);
    Object.assign(this, { status, remedy, problems });
  }
}

async function send(path, options) {
  for (;;) {
    const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const reply = await fetch(path, { ...options, headers, cache: "no-store", redirect: "error" });
    if (reply.status !== 401) return reply;
    token = await askForToken(Boolean(token));
    sessionStorage.setItem(KEY, token);
  }
}

/** Call the API; a body is sent as JSON, or as text of another type. */
export async function call(method, path, body, type = "application/json") {
  const text = typeof body === "object" ? JSON.stringify(body) : body;
  const headers = text === undefined ? {} : { "Content-Type": type };
  const reply = await send(path, { method, body: text, headers });
  const answer = await reply.json();
  if (!reply.ok) throw new AdminError(reply.status, answer);
  return answer;
}

/** Ask for a file, and let the browser keep it under a name. */
export async function save(path, name) {
  const reply = await send(path, {});
  if (!reply.ok) throw new AdminError(reply.status, await reply.json());
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await reply.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Listen for ever: `hear(kind, data)` for every event, `connected(up)` when that changes. */
export async function listen(hear, connected) {
  let last = null;
  for (let pause = 500; ; pause = Math.min(pause * 2, 10000)) {
    try {
      const reply = await send("events", { headers: last ? { "Last-Event-ID": last } : {} });
      if (reply.ok) {
        connected(true);
        pause = 500;
        for await (const event of eventsOf(reply.body)) {
          last = event.id || last;
          await hear(event.event, JSON.parse(event.data));
        }
      }
    } catch (error) {
      if (!(error instanceof TypeError)) console.error(error);
    }
    connected(false);
    await new Promise((done) => setTimeout(done, pause));
  }
}

const fieldOf = (line) => {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 2)];
};

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map(fieldOf));
      if (fields.event) yield fields;
    }
  }
}
