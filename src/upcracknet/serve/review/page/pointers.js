// Mouse, pen and touch on the photo: one finger or button uses the tool, two fingers zoom and move.

/** Let the pointers on the canvas work the editor. */
export function listenToPointers(canvas, editor) {
  const down = new Map(); // place on the page of each finger, pen or button
  let gesture = null; // "draw", "move" or "pinch"
  let drawing = null; // the pointer that draws

  const width = (event) =>
    event.pointerType === "pen" && event.pressure > 0 && editor.width > 2
      ? Math.max(1, editor.width * 2 * event.pressure)
      : editor.width;

  canvas.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    // The hand that holds the pen lies on the screen.
    if (gesture === "draw" && drawing.kind === "pen" && event.pointerType === "touch") return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, [event.clientX, event.clientY]);
    if (down.size === 2) {
      editor.abandon();
      gesture = "pinch";
    } else if (down.size === 1) {
      const place = editor.view.place(event.clientX, event.clientY);
      const draws = event.button === 0 && editor.begin(place, width(event));
      gesture = draws ? "draw" : "move";
      drawing = { id: event.pointerId, kind: event.pointerType };
    }
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    const now = [event.clientX, event.clientY];
    if (event.pointerType !== "touch") {
      editor.hover = editor.view.place(...now);
      editor.view.redraw();
    }
    if (!before) return;
    if (gesture === "draw" && event.pointerId === drawing.id) {
      // A fast hand gives several places a frame.
      const places = event.getCoalescedEvents?.() ?? [];
      for (const each of places.length ? places : [event]) {
        editor.go(editor.view.place(each.clientX, each.clientY), width(each));
      }
    } else if (gesture === "move") editor.view.pan(now[0] - before[0], now[1] - before[1]);
    else if (gesture === "pinch") {
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) pinch(before, now, other);
    }
    down.set(event.pointerId, now);
  });

  function pinch(before, now, other) {
    const middle = (place) => [(place[0] + other[0]) / 2, (place[1] + other[1]) / 2];
    const distance = (place) => Math.max(1, Math.hypot(place[0] - other[0], place[1] - other[1]));
    const [from, to] = [middle(before), middle(now)];
    editor.view.pan(to[0] - from[0], to[1] - from[1]);
    editor.view.zoom(distance(now) / distance(before), ...to);
  }

  function up(event, end) {
    if (!down.delete(event.pointerId)) return;
    if (gesture === "draw" && event.pointerId === drawing.id) end();
    // A finger that stays after the other has left does nothing more.
    gesture = down.size ? "none" : null;
  }
  canvas.addEventListener("pointerup", (event) => up(event, () => editor.finish()));
  canvas.addEventListener("pointercancel", (event) => up(event, () => editor.abandon()));
  canvas.addEventListener("pointerleave", () => {
    editor.hover = null;
    editor.view.redraw();
  });
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());

  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const [dx, dy] = [event.deltaX * unit, event.deltaY * unit];
      if (event.shiftKey) editor.view.pan(-dx || -dy, dx ? -dy : 0);
      else editor.view.zoom(Math.exp(-dy * 0.0016), event.clientX, event.clientY);
    },
    { passive: false },
  );
}
