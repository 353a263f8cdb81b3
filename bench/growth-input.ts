// Generated inputs for the measurements of growth: clustered boxes, and a data set of many tiny images in COCO's format.
// The same boxes are made in python/growth.py.

import { closeSync, existsSync, linkSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { Random } from '../src/random';

/** Objects a thousand boxes; each has boxes around it, as a detector without suppression gives. */
const OBJECTS = 50;
/** Area in pixels a thousand boxes: as many objects to a place at any number of boxes. */
const AREA = 640 * 480;

/** `count` boxes [count, 4] xyxy and scores, seeded. */
export function clusteredBoxes(count: number): { boxes: Float32Array; scores: Float32Array } {
  const random = Random.seeded(3);
  const side = Math.sqrt((AREA * count) / 1000);
  const objects = Math.max(1, Math.round((OBJECTS * count) / 1000));
  const centres = Float32Array.from({ length: objects * 2 }, () => random.uniform(0, side));
  const boxes = new Float32Array(count * 4);
  for (let i = 0; i < count; i++) {
    const object = random.integer(objects);
    const [x, y] = [0, 1].map((k) => centres[2 * object + k] + random.uniform(-8, 8));
    const [w, h] = [random.uniform(30, 60), random.uniform(30, 60)];
    boxes.set([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 4 * i);
  }
  return { boxes, scores: Float32Array.from({ length: count }, () => random.uniform()) };
}

/** Links to one file: file systems have a limit. */
const LINKS = 50_000;
const ENTRIES = 10_000;

const nameOf = (i: number) => `${String(i).padStart(7, '0')}.jpg`;

/** Writes `count` records of 64 x 48 pixels with two objects each; the images are links to a few files. */
export async function writeRecords(folder: string, count: number): Promise<{ annotations: string; images: string }> {
  const images = path.join(folder, 'images');
  mkdirSync(images, { recursive: true });
  const there = existsSync(images) ? readdirSync(images).length : 0;
  const pixels = { create: { width: 64, height: 48, channels: 3 as const, background: '#78b' } };
  const bytes = await sharp(pixels).jpeg().toBuffer();
  for (let i = there; i < count; i++) {
    const first = i - (i % LINKS);
    if (i === first) writeFileSync(path.join(images, nameOf(i)), bytes);
    else linkSync(path.join(images, nameOf(first)), path.join(images, nameOf(i)));
  }
  const annotations = path.join(folder, `${count}.json`);
  const file = openSync(annotations, 'w');
  const list = (name: string, length: number, entry: (i: number) => object) => {
    writeSync(file, `"${name}":[`);
    for (let i = 0; i < length; i += ENTRIES) {
      const part = Array.from({ length: Math.min(ENTRIES, length - i) }, (_, k) => JSON.stringify(entry(i + k)));
      writeSync(file, (i === 0 ? '' : ',') + part.join(','));
    }
    writeSync(file, '],');
  };
  writeSync(file, '{');
  list('images', count, (i) => ({ id: i + 1, width: 64, height: 48, file_name: nameOf(i) }));
  list('annotations', 2 * count, (i) => ({
    id: i + 1,
    image_id: (i >> 1) + 1,
    category_id: 1 + (i % 3),
    bbox: [4 + (i % 20), 4 + (i % 11), 20, 16],
    area: 320,
    iscrowd: 0,
  }));
  writeSync(file, `"categories":${JSON.stringify(['red', 'green', 'blue'].map((name, i) => ({ id: i + 1, name })))}}`);
  closeSync(file);
  return { annotations, images };
}
