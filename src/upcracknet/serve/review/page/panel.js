// The panel beside the photo: its name, what is said of it, and what to know of it.

import { element, find, icon } from "./dom.js";
import { STATUS, statusOf } from "./survey.js";
import { cracksOf, figure } from "./words.js";

/** Show what is known and said of the photo of a work. */
export function showPanel(work, survey) {
  const { row, answer } = work;
  const status = row.status === "failed" ? "failed" : (answer.status ?? "open");
  const at = survey.shown.findIndex(({ id }) => id === row.id);
  find("photo-name").textContent = row.name;
  find("photo-place").textContent = at < 0 ? "" : `${figure(at + 1)} of ${figure(survey.shown.length)}`;
  find("photo-status").replaceChildren(
    icon(status),
    STATUS[status] + (answer.reason ? `: ${answer.reason}` : ""),
  );
  find("photo-status").dataset.status = status;
  const facts = [
    row.width && `${figure(row.width)} × ${figure(row.height)} px`,
    row.doubt != null && `doubt ${figure(row.doubt * 100)} %`,
    statusOf(row) !== "failed" && cracksOf(row),
  ];
  find("photo-facts").textContent = facts.filter(Boolean).join(" · ");
  const notes = [
    row.error,
    row.photo_problem,
    row.warning,
    !row.editable &&
      row.status !== "failed" &&
      "This image is too large to draw on. Accept, reject and notes work.",
  ];
  find("photo-notes").replaceChildren(
    ...notes.filter(Boolean).map((note) => element("p", { class: "warning" }, note)),
  );
  find("note-hint").hidden = !work.noteWaits;
  for (const button of document.querySelectorAll("[data-edits]")) button.disabled = !row.editable;
  for (const button of document.querySelectorAll("[data-says]")) button.disabled = row.status === "failed";
  find("forget").disabled = !answer.status;
}
