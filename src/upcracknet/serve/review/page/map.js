// The survey from above: photos and sections. No streets are beneath: nothing is fetched from outside.

import * as api from "./api.js";
import { element, find } from "./dom.js";
import { STATUS, statusOf } from "./survey.js";
import { CLEAN_COLOUR, colourOf, colourOfSeverity, cracksOf, figure } from "./words.js";

export class SurveyMap {
  /**
   * @param {HTMLElement} box
   * @param {Survey} survey
   * @param {(id: number) => void} open a photo
   */
  constructor(box, survey, open) {
    Object.assign(this, { box, survey, open, map: null, markers: new Map() });
  }

  /** Show the map; the first time it is made. */
  async show() {
    if (this.map) {
      this.map.invalidateSize();
      for (const [id, marker] of this.markers) marker.setStyle(styleOf(this.survey.rows.get(id)));
      return;
    }
    const { photos, sections, cracks, outdated } = await api.map();
    const { L } = window;
    this.map = L.map(this.box, { preferCanvas: true, attributionControl: false });
    const all = L.featureGroup().addTo(this.map);
    L.geoJSON(sections, { style: { color: "#191919", weight: 8 }, interactive: false }).addTo(all);
    L.geoJSON(sections, {
      style: ({ properties: { severity } }) => ({
        color: severity ? colourOfSeverity(severity) : CLEAN_COLOUR,
        weight: 5,
      }),
      onEachFeature: ({ properties }, layer) =>
        layer.bindTooltip(element("span", {}, aboutSection(properties))),
    }).addTo(all);
    L.geoJSON(cracks, { style: { color: "#be001e", weight: 2 }, interactive: false }).addTo(all);
    L.geoJSON(photos, { pointToLayer: ({ properties: { id } }, place) => this.#marker(id, place) }).addTo(
      all,
    );
    this.map.fitBounds(all.getBounds().pad(0.05), { maxZoom: 20 });
    L.control.scale({ imperial: false }).addTo(this.map);
    const entries = [
      ["no cracks", CLEAN_COLOUR],
      ...this.survey.severities.map((word) => [word, colourOfSeverity(word)]),
    ];
    find("map-legend").replaceChildren(
      ...entries.map(([word, colour]) => {
        const swatch = element("span", { class: "swatch" });
        swatch.style.background = colour;
        return element("li", {}, swatch, word);
      }),
      element("li", {}, "thick rim: reviewed"),
      ...(outdated ? [element("li", { class: "warning" }, outdated)] : []),
    );
  }

  #marker(id, place) {
    const row = this.survey.rows.get(id);
    const marker = window.L.circleMarker(place, styleOf(row)).on("click", () => this.open(id));
    marker.bindTooltip(() => {
      const now = this.survey.rows.get(id);
      return element("span", {}, `${now.name}: ${cracksOf(now)}, ${STATUS[statusOf(now)]}`);
    });
    this.markers.set(id, marker);
    return marker;
  }
}

function aboutSection({ number, road, start_m: start, end_m: end, length_m: length, severity }) {
  const where = [road, `${figure(start)} to ${figure(end, 0, "m")}`].filter(Boolean).join(", ");
  const cracks = length ? `${figure(length, 1, "m")} of cracks, gravest ${severity}` : "no cracks";
  return `Section ${number} (${where}): ${cracks}`;
}

function styleOf(row) {
  return {
    radius: 6,
    color: "#191919",
    weight: row.review_status ? 3 : 1,
    fillColor: colourOf(row),
    fillOpacity: 1,
  };
}
