"use strict";
// Long tables page by page, and the map. Texts are set as texts, so that no name can become part of the page.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);

  function fill(template, values) {
    return template.replace(/\{(\w+)\}/g, (_, name) => values[name].toLocaleString(data.language));
  }

  function row(cells, texts) {
    const line = document.createElement("tr");
    cells.forEach((text, index) => {
      const cell = document.createElement(index ? "td" : "th");
      if (!index) cell.scope = "row";
      if (index >= texts) cell.className = "number";
      cell.textContent = text;
      line.append(cell);
    });
    return line;
  }

  function button(text, act) {
    const element = document.createElement("button");
    element.type = "button";
    element.textContent = text;
    element.addEventListener("click", act);
    return element;
  }

  function page(table, all) {
    const body = table.tBodies[0];
    const first = document.querySelector(`[data-first="${table.dataset.table}"]`);
    const where = document.createElement("span");
    where.setAttribute("role", "status");
    const find = document.createElement("input");
    find.type = "search";
    const label = document.createElement("label");
    label.append(data.words["table.find"] + " ", find);
    let rows = all, start = 0;

    function show(at) {
      start = at;
      const end = Math.min(start + data.pageRows, rows.length);
      body.replaceChildren(...rows.slice(start, end).map((cells) => row(cells, Number(body.dataset.texts))));
      where.textContent = fill(data.words["table.rows"],
        { first: Math.min(start + 1, end), last: end, count: rows.length });
      before.disabled = start === 0;
      after.disabled = end === rows.length;
    }
    const before = button(data.words["table.before"], () => show(start - data.pageRows));
    const after = button(data.words["table.after"], () => show(start + data.pageRows));
    find.addEventListener("input", () => {
      const wanted = find.value.toLowerCase();
      rows = all.filter((cells) => cells[0].toLowerCase().includes(wanted));
      show(0);
    });
    const controls = document.createElement("div");
    controls.className = "paging";
    controls.append(label, before, where, after);
    table.parentElement.before(controls);
    first.hidden = true;
    show(0);
  }

  function told(heading, facts, link) {
    const box = document.createElement("div");
    const name = document.createElement("b");
    name.textContent = heading;
    box.append(name, document.createElement("br"), facts);
    const card = link && document.getElementById(link);
    if (card) {
      const anchor = document.createElement("a");
      anchor.href = "#" + link;
      anchor.textContent = card.querySelector("h3").textContent;
      box.append(document.createElement("br"), anchor);
    }
    return box;
  }

  function draw(content) {
    const box = document.getElementById("moving-map");
    box.hidden = false;
    const map = L.map(box, { preferCanvas: true, scrollWheelZoom: false, attributionControl: false });
    if (data.baseMap) {
      L.tileLayer(data.baseMap.url, { maxZoom: 22, maxNativeZoom: 19 }).addTo(map);
      const credit = document.createElement("span");
      credit.textContent = data.baseMap.credit;
      L.control.attribution({ prefix: false }).addAttribution(credit.innerHTML).addTo(map);
    }
    const everything = L.featureGroup();
    content.line.forEach((places) => L.polyline(places, { color: "#5a5f66", weight: 1.5 }).addTo(everything));
    // All rims below all colours: short sections would hide each other.
    content.sections.forEach(([places]) =>
      L.polyline(places, { color: "#191919", weight: 9, interactive: false }).addTo(everything));
    content.sections.forEach(([places, colour, number, facts]) =>
      L.polyline(places, { color: colour, weight: 6 })
        .bindPopup(() => told(content.section + " " + number, facts, "section-" + number)).addTo(everything));
    const radius = content.photos.length > 300 ? 3 : 5;
    content.photos.forEach(([latitude, longitude, colour, name, facts]) =>
      L.circleMarker([latitude, longitude],
        { radius, color: "#191919", weight: 1, fillColor: colour, fillOpacity: 1 })
        .bindPopup(() => told(name, facts)).addTo(everything));
    everything.addTo(map);
    map.fitBounds(everything.getBounds().pad(0.05), { maxZoom: 19 });
    L.control.scale({ imperial: false }).addTo(map);
  }

  document.querySelectorAll("[data-table]").forEach((table) => page(table, data.tables[table.dataset.table]));
  if (data.map) draw(data.map);
})();
