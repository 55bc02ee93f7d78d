// How figures are written.

/** Colours of the severities by rank, those of the pictures that the program draws. */
export const SEVERITY_COLOURS = ["#006ec8", "#5abeff", "#ffe128", "#f58200", "#be001e"];
export const CLEAN_COLOUR = "#969ea6";

const RANKS = { "cannot be graded": 1, low: 2, medium: 3, moderate: 3, high: 4 };

/** Give the colour of a severity of any standard. */
export const colourOfSeverity = (severity) => SEVERITY_COLOURS[RANKS[severity] ?? 0];

/** Write a number with so many digits after the point; "–" where there is none. */
export function figure(value, digits = 0, unit = "") {
  if (value == null) return "–";
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit ? `${text} ${unit}` : text;
}

/** Write the length of a photo's cracks: in metres where there is a scale, else in pixels. */
export function lengthOf(row) {
  if (row.crack_length_m != null) return figure(row.crack_length_m, 2, "m");
  return figure(row.crack_length_px, 0, "px");
}

/** Choose the colour of a photo by its severity. */
export function colourOf(row) {
  return row.crack_length_px ? SEVERITY_COLOURS[row.severity_rank ?? 0] : CLEAN_COLOUR;
}

/** Say what a photo's cracks are like. */
export function cracksOf(row) {
  if (row.crack_length_px == null) return "not measured";
  if (!row.crack_length_px) return "no cracks";
  return row.severity ? `${row.severity}, ${lengthOf(row)}` : lengthOf(row);
}
