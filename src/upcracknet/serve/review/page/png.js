// Masks as PNG. A canvas would write four channels, and takes seconds for a large photo.

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const GREY_8_BITS = [8, 0, 0, 0, 0]; // depth, colour type, compression, filter, interlace

/** The table of the checksum of PNG, specification (third edition), annex D. */
const TABLE = Uint32Array.from({ length: 256 }, (_, number) => {
  let value = number;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function checksum(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(kind, content) {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(kind), 4);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, checksum(bytes.subarray(4, content.length + 8)));
  return bytes;
}

/** Write a picture of one channel as PNG. Pixels that change while it is written may come out either way. */
export async function writeGrey({ width, height, bytes }) {
  const lines = Math.max(1, Math.floor(2 ** 20 / width));
  let top = 0;
  const rows = new ReadableStream({
    pull(controller) {
      const count = Math.min(lines, height - top);
      const block = new Uint8Array(count * (width + 1)); // each row begins with its filter: none
      for (let line = 0; line < count; line++) {
        const start = (top + line) * width;
        block.set(bytes.subarray(start, start + width), line * (width + 1) + 1);
      }
      top += count;
      controller.enqueue(block);
      if (top === height) controller.close();
    },
  });
  const packed = await new Response(rows.pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const head = new Uint8Array(13);
  new DataView(head.buffer).setUint32(0, width);
  new DataView(head.buffer).setUint32(4, height);
  head.set(GREY_8_BITS, 8);
  const parts = [new Uint8Array(SIGNATURE), chunk("IHDR", head), chunk("IDAT", new Uint8Array(packed))];
  return new Blob([...parts, chunk("IEND", new Uint8Array())], { type: "image/png" });
}
