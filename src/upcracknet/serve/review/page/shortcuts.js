// What each key does. The help and docs/review.md say the same.

import { find } from "./dom.js";

const CANVAS = "#canvas";

/**
 * Make the table of keys.
 *
 * @param {PhotoPage} photo
 * @param {{view: (name: string) => void, help: () => void}} page
 * @returns {{where: string, heading: string, name?: string, keys: string[], text: string, act?: Function,
 *   on?: string}[]}
 */
export function tableOf(photo, page) {
  const { editor } = photo;
  const arrow = ({ key, shiftKey }) =>
    editor.move(
      { ArrowLeft: -1, ArrowRight: 1 }[key] ?? 0,
      { ArrowUp: -1, ArrowDown: 1 }[key] ?? 0,
      shiftKey,
    );
  const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  const groups = [
    [
      "everywhere",
      "Everywhere",
      [
        { name: "help", keys: ["?"], text: "this help", act: page.help },
        { keys: ["g"], text: "all photos", act: () => page.view("photos") },
        { keys: ["m"], text: "the map, where there is one", act: () => page.view("map") },
      ],
    ],
    [
      "photos",
      "All photos",
      [
        { keys: arrows, text: "another photo" },
        { keys: ["PageUp", "PageDown", "Home", "End"], text: "a page on; the first, the last" },
        { keys: ["Enter"], text: "open the photo" },
        { keys: ["/"], text: "find a name or a note; Esc leads back", act: () => find("text").focus() },
      ],
    ],
    [
      "photo",
      "One photo: answers",
      [
        {
          name: "accept",
          keys: ["a"],
          text: "accept: the mask is right; on to the next that is not reviewed",
          act: () => photo.accept(),
        },
        {
          name: "reject",
          keys: ["r"],
          text: "reject: no cracks are there; then the number of the reason",
          act: () => photo.reject(),
        },
        {
          name: "forget",
          keys: ["d"],
          text: "discard: back to what the model found",
          act: () => photo.forget(),
        },
        { keys: ["n"], text: "write a note; Esc leads back", act: () => find("note").focus() },
        { name: "next", keys: ["j", "PageDown"], text: "next photo", act: () => photo.next(1) },
        { name: "previous", keys: ["k", "PageUp"], text: "previous photo", act: () => photo.next(-1) },
        {
          keys: ["Escape"],
          text: "give up the line; else back to the photo, then to all photos",
          act: () => back(photo, page),
        },
      ],
    ],
    [
      "photo",
      "One photo: drawing",
      [
        { keys: ["b"], text: "brush", act: () => photo.choose("brush") },
        { keys: ["e"], text: "eraser", act: () => photo.choose("eraser") },
        { keys: ["l"], text: "straight crack line", act: () => photo.choose("line") },
        { keys: ["f"], text: "crack line by hand", act: () => photo.choose("freehand") },
        { keys: [","], text: "narrower", act: () => photo.widen(0.8) },
        { keys: ["."], text: "wider", act: () => photo.widen(1.25) },
        { keys: arrows, on: CANVAS, text: "move the tool's cursor", act: arrow },
        { keys: arrows.map((key) => `Shift+${key}`), on: CANVAS, text: "by one pixel", act: arrow },
        {
          keys: [" ", "Enter"],
          on: CANVAS,
          text: "begin a line at the cursor, end it",
          act: () => editor.press(),
        },
        { name: "undo", keys: ["Ctrl+z", "u"], text: "undo", act: () => editor.step("undo") },
        { name: "redo", keys: ["Ctrl+y", "Ctrl+Shift+z", "i"], text: "redo", act: () => editor.step("redo") },
        {
          keys: ["t"],
          text: "threshold of the score, where one is stored; then ← and →",
          act: () => find("threshold").focus(),
        },
      ],
    ],
    [
      "photo",
      "One photo: looking",
      [
        { keys: ["v"], text: "move the photo: arrow keys, or drag it", act: () => photo.choose("move") },
        { name: "closer", keys: ["+"], text: "closer", act: () => editor.view.zoom(1.25) },
        { name: "farther", keys: ["-"], text: "farther", act: () => editor.view.zoom(0.8) },
        { name: "fit", keys: ["0"], text: "the whole photo", act: () => editor.view.fit() },
        {
          keys: ["1"],
          text: "full size: a pixel of the photo is one of the screen",
          act: () => editor.view.zoom(1 / editor.view.scale),
        },
        { name: "hide", keys: ["h"], text: "hide the mask, or show it", act: () => photo.toggle("hidden") },
        {
          name: "outline",
          keys: ["o"],
          text: "outlines alone, or areas",
          act: () => photo.toggle("outline"),
        },
      ],
    ],
    ["map", "Map", [{ keys: ["Escape"], text: "all photos", act: () => page.view("photos") }]],
  ];
  return groups.flatMap(([where, heading, entries]) =>
    entries.map((entry) => ({ where, heading, ...entry })),
  );
}

function back(photo, page) {
  if (photo.editor.abandon()) return;
  if (document.activeElement === find("canvas")) page.view("photos");
  else find("canvas").focus();
}
