// `npm run bench -- --pixels`: pixel operators of the loader on one image of 640 x 480, milliseconds of one thread:
// compiled, in TypeScript and, with `--cv2 PYTHON`, cv2's, in turn.

import os from 'node:os';
import { meanBlur, medianBlur } from '../src/data/pixels/blur';
import { equalize } from '../src/data/pixels/clahe';
import { flipPixels } from '../src/data/pixels/flip';
import { fromHsvBytes, recolour, toHsvBytes } from '../src/data/pixels/hsv';
import { mixWindow } from '../src/data/pixels/mix-window';
import { resizeArea } from '../src/data/pixels/resize-area';
import { resizeBilinear } from '../src/data/pixels/resize-bilinear';
import { warpPerspective } from '../src/data/pixels/warp-perspective';
import type { PixelImage } from '../src/data/types';
import { child, fixed, type Measurement } from './measurement';
import { readOptions, runScript } from './options';

const [WIDTH, HEIGHT] = [640, 480];
const image: PixelImage = {
  data: Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => 128 + 100 * Math.sin(i / 900) + ((i * 7919) % 27)),
  width: WIDTH,
  height: HEIGHT,
  order: 'bgr',
};
const plane = image.data.subarray(0, WIDTH * HEIGHT);
const planes = toHsvBytes(image);
const same = Uint8Array.from({ length: 256 }, (_, i) => i);
const tables = { h: same.map((i) => i % 180), s: same, v: same };
const window = { width: 768, height: 576, flip: true, left: 30, top: 20, colour: [114, 114, 114] };

/** Names are those of python/pixels.py. */
const OPERATORS: Record<string, () => unknown> = {
  'bilinear resize to 1067 x 800': () => resizeBilinear(image, 1067, 800),
  'area resize to 427 x 320': () => resizeArea(image, 427, 320),
  'perspective warp': () => warpPerspective(image, [0.7, 0.05, -20, -0.03, 0.7, 10, 0, 0, 1], WIDTH, HEIGHT, [0, 0, 0]),
  'BGR to HSV': () => toHsvBytes(image),
  'HSV to BGR': () => fromHsvBytes(planes, image),
  'BGR to HSV, tables, and back': () => recolour(image, tables),
  "MixUp's resize and mean": () => mixWindow(image, image, window),
  'mirrored left to right': () => flipPixels(image, 'horizontal'),
  'CLAHE of one plane': () => equalize(plane, WIDTH, HEIGHT, 4),
  'mean blur, 7 x 7': () => meanBlur(image, 7),
  'median blur, 7 x 7': () => medianBlur(image, 7),
};

function timed(kernels: boolean, f: () => unknown): number {
  process.env.DETLAB_PIXELS = kernels ? '1' : '0';
  const start = performance.now();
  f();
  return performance.now() - start;
}

function main(): void {
  const { rounds, cv2: python } = readOptions({ rounds: 15, cv2: '' });
  const cpu = os.cpus();
  console.log(`${cpu[0]?.model}, ${cpu.length} cores, Node ${process.version}, load ${os.loadavg()[0].toFixed(2)}\n`);
  const cv2 = python
    ? (child(python, ['bench/python/pixels.py', '--rounds', String(rounds)]) as
        | (Measurement & { operators: Record<string, number> })
        | undefined)
    : undefined;
  console.log(`| ms | compiled | TypeScript | ratio | ${cv2?.version ?? 'cv2'} |`);
  console.log('|---|---|---|---|---|');
  for (const [name, run] of Object.entries(OPERATORS)) {
    let [compiled, plain] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = 0; i < rounds; i++) {
      compiled = Math.min(compiled, timed(true, run));
      plain = Math.min(plain, timed(false, run));
    }
    const peer = fixed(cv2?.operators[name] ?? Number.NaN);
    console.log(`| ${name} | ${fixed(compiled)} | ${fixed(plain)} | ${(compiled / plain).toFixed(2)} | ${peer} |`);
  }
}

runScript(main);
