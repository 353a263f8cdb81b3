// Draws a mask over an image: a translucent fill with an opaque edge.

import { cropRle, decodeRle, type Rle, rleToBox } from '../masks';
import { createCanvas, type SKRSContext2D } from './canvas';

const VEIL = 0.42;
const EDGE = 0.95;

/** Draws `mask` (in image pixels) at (x, y) of a context, enlarged by `scale`. */
export function paintMask(
  context: SKRSContext2D,
  mask: Rle,
  colour: string,
  { x, y, scale }: { x: number; y: number; scale: number },
): void {
  const [left, top, width, height] = rleToBox(mask);
  if (width === 0 || height === 0) return;
  const bitmap = decodeRle(cropRle(mask, { left, top, width, height }));
  const canvas = createCanvas(width, height);
  const maskContext = canvas.getContext('2d');
  const out = maskContext.createImageData(width, height);
  const [r, g, b] = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
  const inside = (px: number, py: number) =>
    px >= 0 && py >= 0 && px < width && py < height && bitmap[py * width + px] === 1;
  for (let py = 0, i = 0; py < height; py++)
    for (let px = 0; px < width; px++, i++) {
      if (!bitmap[i]) continue;
      const inner = inside(px - 1, py) && inside(px + 1, py) && inside(px, py - 1) && inside(px, py + 1);
      out.data.set([r, g, b, Math.round(255 * (inner ? VEIL : EDGE))], 4 * i);
    }
  maskContext.putImageData(out, 0, 0);
  context.drawImage(canvas, x + left * scale, y + top * scale, width * scale, height * scale);
}
