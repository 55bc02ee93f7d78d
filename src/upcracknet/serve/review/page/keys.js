// The keyboard: one table, by which keys work and from which the help is made.

import { element } from "./dom.js";

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };

/** How a key is named in the help: "Ctrl+Z". */
export function nameOf(key) {
  if (key === "+") return key;
  return key
    .split("+")
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join("+");
}

/** How a pressed key stands in the table: "Ctrl+z"; Shift only beside keys that write nothing. */
function pressed(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  const shift = event.shiftKey && (control || event.key.length > 1) ? "Shift+" : "";
  return control + shift + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

const SLIDER = 'input[type="range"]';
const TYPING = 'input:not([type="range"], [type="checkbox"], [type="radio"]), textarea, select';

/**
 * Let keys act.
 *
 * @param {object[]} table of keys, as in shortcuts.js: on which
 *   page they act, what they do; with "on", only while that element has the focus; without "act" the keys are
 *   some element's own, and stand here for the help
 * @param {() => string} where tells which page is shown
 * @param {() => boolean} single whether keys that write a letter act
 */
export function listenToKeys(table, where, single) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
    const key = pressed(event);
    if (event.target.matches(TYPING) && key !== "Escape") return;
    if (event.target.matches(SLIDER) && key.length > 1 && key !== "Escape" && !key.startsWith("Ctrl")) return;
    if (key.length === 1 && key !== " " && !single()) return;
    const entry = table.find(
      (one) =>
        one.act &&
        one.keys.includes(key) &&
        (one.where === "everywhere" || one.where === where()) &&
        (!one.on || event.target.matches(one.on)),
    );
    if (!entry) return;
    event.preventDefault();
    entry.act(event);
  });
}

/** Make the tables of the help. */
export function helpOf(table) {
  return [...new Set(table.map(({ heading }) => heading))].map((heading) =>
    element(
      "table",
      {},
      element("caption", {}, heading),
      element(
        "tbody",
        {},
        ...table
          .filter((entry) => entry.heading === heading)
          .map(({ keys, text }) =>
            element(
              "tr",
              {},
              element(
                "th",
                { scope: "row" },
                ...keys.flatMap((key) => [element("kbd", {}, nameOf(key)), " "]),
              ),
              element("td", {}, text),
            ),
          ),
      ),
    ),
  );
}
