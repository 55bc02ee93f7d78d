// What was measured of the photo, beside it.

import { element } from "./dom.js";
import { colourOfSeverity, figure } from "./words.js";

const SHOWN = 30; // cracks

/**
 * Show the measures of a photo.
 *
 * @param {HTMLElement} box
 * @param {?object} measures as in cracks/NAME.json; {pending} while they are made
 * @param {(place: [number, number]) => void} go to a place of the photo
 */
export function showMeasures(box, measures, go) {
  box.setAttribute("aria-busy", String(Boolean(measures?.pending)));
  if (!measures || measures.pending) {
    const text = measures?.pending ? (measures.why ?? "Measuring again …") : "Nothing was measured.";
    box.replaceChildren(element("p", { class: "faint" }, text));
    return;
  }
  const cracks = measures.cracks.filter(({ kind }) => kind !== "joint");
  const inMetres = Boolean(measures.scale);
  const sum = (name) => cracks.reduce((total, crack) => total + (crack[name] ?? 0), 0);
  const widest = Math.max(
    0,
    ...cracks.map((crack) => crack[inMetres ? "width_max_mm" : "width_max_px"] ?? 0),
  );
  const facts = [
    ["Cracks", figure(cracks.length)],
    ["Length", inMetres ? figure(sum("length_mm") / 1000, 2, "m") : figure(sum("length_px"), 0, "px")],
    ["Widest", cracks.length ? figure(widest, 1, inMetres ? "mm" : "px") : "–"],
  ];
  const joints = measures.cracks.length - cracks.length;
  const notes = [
    cracks.length > SHOWN && `The ${SHOWN} longest of ${cracks.length}.`,
    joints && `${joints} ${joints === 1 ? "joint" : "joints"}, not counted.`,
    !inMetres && "Without a scale there are pixels and no severities.",
  ].filter(Boolean);
  box.replaceChildren(
    element(
      "dl",
      { class: "totals" },
      ...facts.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
    ),
    ...(cracks.length ? [table(cracks, inMetres, go)] : []),
    ...notes.map((note) => element("p", { class: "faint" }, note)),
  );
}

function table(cracks, inMetres, go) {
  const [unit, width] = inMetres ? ["m", "mm"] : ["px", "px"];
  const heads = ["No.", "Kind", `Length, ${unit}`, `Mean width, ${width}`];
  return element(
    "table",
    { class: "cracks" },
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...heads.map((head, index) =>
          element("th", { scope: "col", class: index > 1 ? "number" : null }, head),
        ),
      ),
    ),
    element(
      "tbody",
      {},
      ...cracks.slice(0, SHOWN).map((crack) => {
        const swatch = crack.severity ? element("span", { class: "swatch" }) : null;
        if (swatch) swatch.style.background = colourOfSeverity(crack.severity);
        const kind = crack.severity ? `${crack.kind}, ${crack.severity}` : crack.kind;
        return element(
          "tr",
          {},
          element(
            "th",
            { scope: "row" },
            element(
              "button",
              {
                type: "button",
                "aria-label": `Show crack ${crack.number}`,
                onclick: () => go(middleOf(crack)),
              },
              crack.number,
            ),
          ),
          element("td", {}, swatch, kind),
          element(
            "td",
            { class: "number" },
            inMetres
              ? figure(crack.length_mm == null ? null : crack.length_mm / 1000, 2)
              : figure(crack.length_px),
          ),
          element("td", { class: "number" }, figure(inMetres ? crack.width_mean_mm : crack.width_mean_px, 1)),
        );
      }),
    ),
  );
}

/** Give a place on the crack, in the middle of its longest branch. */
function middleOf({ axis }) {
  const longest = axis.reduce((best, branch) => (branch.length > best.length ? branch : best), []);
  return longest[longest.length >> 1];
}
