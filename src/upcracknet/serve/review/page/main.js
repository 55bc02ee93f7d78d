// The page: which view is shown, the list's filters, the keyboard, and who else is here.

import * as api from "./api.js";
import { element, find, listenToAnswers, say } from "./dom.js";
import { Grid } from "./grid.js";
import { helpOf, listenToKeys } from "./keys.js";
import { SurveyMap } from "./map.js";
import { PhotoPage } from "./photo.js";
import { Survey } from "./survey.js";
import { tableOf } from "./shortcuts.js";

const HEARTBEAT = 10_000; // ms
// In the browser's stores.
const SINGLE_KEYS = "upcracknet single keys";
const SESSION = "upcracknet session";

const survey = new Survey(() => {
  grid.refresh();
  showProgress();
});
const open = (id) => {
  location.hash = `photo/${id}`;
};
const grid = new Grid(find("grid"), survey, open);
const photo = new PhotoPage(survey, open, showSaving);
const map = new SurveyMap(find("map"), survey, open);
const table = tableOf(photo, {
  view: (name) => (location.hash = name),
  help: () => find("help").showModal(),
});
let view = "";

/** Show what the address says. */
async function route() {
  const [, name, id] = /^#?(\w*)\/?(\d*)$/.exec(location.hash) ?? [];
  const before = photo.work?.row.id;
  view =
    name === "photo" && survey.rows.has(Number(id))
      ? "photo"
      : name === "map" && survey.has_map
        ? "map"
        : "photos";
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view !== "photo") photo.leave();
  if (view === "photo") {
    const { name: title } = survey.rows.get(Number(id));
    document.title = `${title} – review`;
    find("canvas").focus({ preventScroll: true });
    await photo.open(Number(id));
    beat();
  } else if (view === "map") {
    document.title = "Map – review";
    await map.show();
    find("map").focus();
  } else {
    document.title = `${survey.folder} – review`;
    survey.sort();
    if (before !== undefined) grid.activate(before);
    find("grid").focus({ preventScroll: true });
  }
}

function showProgress() {
  const { done, all } = survey.progress;
  find("progress").max = Math.max(1, all);
  find("progress").value = done;
  find("progress-text").textContent = `${done.toLocaleString("en")} of ${all.toLocaleString("en")} reviewed`;
  const { shown, rows } = survey;
  find("shown").textContent = shown.length === rows.size ? "" : `${shown.length.toLocaleString("en")} shown`;
  find("nothing").hidden = shown.length > 0;
}

function showSaving() {
  const unsaved = photo.unsaved;
  const failed = unsaved.find((work) => work.state === "failed");
  const note = unsaved.find((work) => work.noteWaits && work !== photo.work);
  const [state, text] = failed
    ? ["failed", `Could not save ${failed.row.name}: ${failed.problem}. It is tried again.`]
    : note
      ? ["note", `The note of ${note.row.name} waits until you accept, reject or correct it.`]
      : unsaved.some((work) => work.wanted !== work.saved)
        ? ["saving", "Saving …"]
        : ["saved", "Saved"];
  find("saving").dataset.state = state;
  if (find("saving-text").textContent !== text) find("saving-text").textContent = text;
  find("retry").hidden = !failed;
}

/** Tell that this tab is here, and take over what others have done. */
async function beat() {
  try {
    const id = photo.work?.row.id ?? null;
    const { others, on_this_photo: here, revision } = await api.presence(survey.session, id);
    find("others").hidden = !others;
    find("others").textContent = here
      ? "Another tab or browser has this photo open. Who saves second is asked whose answer is kept."
      : "Another tab or browser works on this survey too.";
    if (revision !== survey.revision) {
      await survey.refresh(revision);
      await photo.refresh();
      if (view === "photos" && grid.active === 0) survey.sort();
    }
  } catch {
    // Saving says so itself.
  }
}

function listenToFilters() {
  const { filter } = survey;
  find("severity").append(...survey.severities.map((word) => element("option", { value: word }, word)));
  find("order").querySelector('[value="place"]').disabled = !survey.has_map;
  find("order").querySelector('[value="suggested"]').hidden = !survey.suggested.length;
  for (const name of ["order", "status", "severity", "text"]) {
    find(name).value = filter[name];
    find(name).addEventListener("input", ({ target }) => {
      filter[name] = target.value;
      grid.top();
      survey.sort();
      say(`${survey.shown.length} photos`);
    });
  }
  find("text").addEventListener("keydown", ({ key }) => {
    if (key === "Enter" || key === "Escape") find("grid").focus();
  });
}

function listen() {
  listenToAnswers();
  listenToFilters();
  const single = find("single-keys");
  single.checked = localStorage.getItem(SINGLE_KEYS) !== "no";
  single.addEventListener("change", () => localStorage.setItem(SINGLE_KEYS, single.checked ? "yes" : "no"));
  listenToKeys(
    table,
    () => view,
    () => single.checked,
  );
  find("help-tables").append(...helpOf(table));
  for (const button of document.querySelectorAll("[data-act]")) {
    const entry = table.find(({ name }) => name === button.dataset.act);
    button.title = `${button.title || button.textContent.trim()} (${entry.keys[0].toUpperCase()})`;
    button.addEventListener("click", () => entry.act());
  }
  find("retry").addEventListener("click", () => photo.unsaved.forEach((work) => work.save()));
  addEventListener("hashchange", route);
  addEventListener("visibilitychange", () => {
    if (document.hidden) for (const work of photo.unsaved) work.save();
  });
  addEventListener("beforeunload", (event) => {
    if (photo.unsaved.length) event.preventDefault();
  });
  addEventListener("focus", beat);
  addEventListener("pagehide", () => sessionStorage.setItem(SESSION, survey.session));
  setInterval(beat, HEARTBEAT);
}

try {
  await survey.load();
  // A tab that is loaded again is no other one. While it is open its name is not in the store, as a copy of
  // the tab would take it along.
  survey.session = sessionStorage.getItem(SESSION) ?? survey.session;
  sessionStorage.removeItem(SESSION);
  find("folder").textContent = survey.folder;
  find("map-link").hidden = !survey.has_map;
  listen();
  await route();
  document.body.dataset.ready = "yes";
} catch (error) {
  find("failed").hidden = false;
  find("failed").textContent = `The survey could not be opened: ${error.message}`;
}
