// Draws media/icon.png: a cursor, and behind it the text that is not there yet. No tool but Node's own zlib.
import { writeFileSync } from 'node:fs';
import { deflateSync, crc32 as crc } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const SIZE = 128, SCALE = 4;
const BACK = [27, 36, 48], TEXT = [226, 232, 240], GHOST = [100, 116, 139], CURSOR = [250, 204, 21];

/** A rounded bar: left, top, width, height, colour. */
const BARS = [
  [20, 30, 40, 10, TEXT], [32, 52, 26, 10, TEXT], [72, 52, 36, 10, GHOST], [32, 74, 62, 10, GHOST], [20, 96, 22, 10, GHOST],
  [62, 46, 5, 22, CURSOR],
];

function inside(x, y, left, top, width, height, radius) {
  const dx = Math.max(left + radius - x, 0, x - (left + width - radius));
  const dy = Math.max(top + radius - y, 0, y - (top + height - radius));
  return dx * dx + dy * dy <= radius * radius;
}

function sample(x, y) {
  if (!inside(x, y, 0, 0, SIZE, SIZE, 24)) return [0, 0, 0, 0];
  for (const [left, top, width, height, colour] of BARS.toReversed()) {
    if (inside(x, y, left, top, width, height, Math.min(width, height) / 2)) return [...colour, 255];
  }
  return [...BACK, 255];
}

function pixel(x, y) {
  const sum = [0, 0, 0, 0];
  for (let i = 0; i < SCALE; i += 1) {
    for (let j = 0; j < SCALE; j += 1) {
      const [r, g, b, a] = sample(x + (i + 0.5) / SCALE, y + (j + 0.5) / SCALE);
      sum[0] += r * a; sum[1] += g * a; sum[2] += b * a; sum[3] += a;
    }
  }
  const alpha = sum[3];
  return alpha === 0 ? [0, 0, 0, 0] : [sum[0] / alpha, sum[1] / alpha, sum[2] / alpha, alpha / SCALE ** 2].map(Math.round);
}

const rows = Buffer.alloc(SIZE * (1 + SIZE * 4));
for (let y = 0; y < SIZE; y += 1) {
  for (let x = 0; x < SIZE; x += 1) rows.set(pixel(x, y), y * (1 + SIZE * 4) + 1 + x * 4);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc(body), body.length + 4);
  return out;
}

const head = Buffer.alloc(13);
head.writeUInt32BE(SIZE, 0);
head.writeUInt32BE(SIZE, 4);
head.set([8, 6, 0, 0, 0], 8);
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
writeFileSync(fileURLToPath(new URL('../media/icon.png', import.meta.url)), png);
