// All that the page asks of the program.

/** What was to be saved is older than what lies in the folder. */
export class Conflict extends Error {
  constructor(current) {
    super("another tab or browser has changed this photo");
    this.row = current.photo;
  }
}

async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, { cache: "no-store", ...options });
  } catch {
    throw new Error("the program does not answer; see whether it still runs");
  }
  if (answer.ok) return answer;
  const content = await answer.json().catch(() => ({}));
  if (answer.status === 409) throw new Conflict(content);
  const text = typeof content.detail === "string" ? content.detail : `the program answered ${answer.status}`;
  throw Object.assign(new Error(text), { status: answer.status });
}

const json = async (path, options) => (await ask(path, options)).json();
const blob = async (path, options) => (await ask(path, options)).blob();
const photo = (id) => `/api/photos/${id}`;

export const survey = () => json("/api/survey");
export const photos = (since) => json(since === undefined ? "/api/photos" : `/api/photos?since=${since}`);
export const row = (id) => json(photo(id));
export const map = () => json("/api/map");
// The browser asks whether what it has is still right.
export const mask = (id) => blob(`${photo(id)}/mask`, { cache: "no-cache" });
export const modelMask = (id) => blob(`${photo(id)}/mask?of=model`, { cache: "no-cache" });
export const score = (id) => blob(`${photo(id)}/score`);

/** Give the measures of the mask that counts; {pending} while they are made, null where there are none. */
export async function measures(id) {
  try {
    return await json(`${photo(id)}/measures`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

export const tile = ({ id, editable }, [level, column, line], signal) =>
  blob(`${photo(id)}/tiles/${level}/${column}/${line}${editable ? "" : "?cracks=1"}`, {
    signal,
    cache: "default",
  });

/** Address of a small picture; it changes with each correction, so that no old one is shown. */
export const thumbnail = ({ id, revision }) =>
  `${photo(id)}/thumbnail?revision=${encodeURIComponent(revision ?? "")}`;

/**
 * Save what was said of a photo.
 *
 * @param {number} id of the photo
 * @param {{status: string, reason: ?string, note: ?string, revision: *}} correction
 * @param {?Blob} picture the mask as PNG, where it was changed
 * @returns {Promise<{photo: object}>} its row; its measures follow
 */
export function save(id, correction, picture) {
  const form = new FormData();
  for (const [name, value] of Object.entries(correction)) if (value != null) form.append(name, value);
  if (picture) form.append("mask", picture, "mask.png");
  return json(`${photo(id)}/correction`, { method: "PUT", body: form });
}

/** Go back to the model's answer. */
export const forget = (id, revision) =>
  json(`${photo(id)}/correction?revision=${encodeURIComponent(revision ?? "")}`, { method: "DELETE" });

/** Say that this tab is here; tells who else is. */
export const presence = (session, id) =>
  json("/api/presence", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ session, photo: id }),
  });
