// One street scene: layout, visibility, image and annotations. Everything follows from the random stream, so that
// annotations can be recomputed without drawing.

import type { Canvas } from '@napi-rs/canvas';
import type { Random } from '../../random';
import { Camera, type Point } from './camera';
import { carAcross, carOnLane } from './cars';
import { type Lighting, pickLighting } from './lighting';
import { type Brush, polygon } from './paint';
import { person } from './people';
import { bench, bush, hydrant, lamp, sign, tree } from './props';
import { type Crossing, drawStreet, PAVEMENT, ROAD } from './street';
import type { Thing, ToytownClass } from './thing';
import { trafficLight } from './traffic-lights';

/** Loaded when the first scene is drawn. */
const createCanvas = (width: number, height: number): Canvas =>
  (require('@napi-rs/canvas') as typeof import('@napi-rs/canvas')).createCanvas(width, height);

export interface SceneTruth {
  class: ToytownClass;
  /** Whole silhouettes, including occluded parts, clipped to the image. */
  segmentation: number[][];
  /** [x, y, width, height] around them. */
  bbox: [number, number, number, number];
  /** Pixels of the silhouette inside the image. */
  area: number;
}

export interface Scene {
  truths: SceneTruth[];
  draw(): Canvas;
}

/** Objects visible to a smaller fraction are removed from the scene, so that every annotation can be seen. */
const MIN_VISIBLE = 0.55;
const MIN_SIDE = 8;

export function composeScene(width: number, height: number, random: Random): Scene {
  const camera = Camera.random(width, height, random);
  const light = pickLighting(random);
  const crossing: Crossing | undefined =
    random.uniform() < 0.55 ? { z: camera.nearest * random.uniform(2.2, 4), half: 3 } : undefined;
  const backdrop = random.fork(1);
  const things = placeThings(camera, crossing, random).sort((a, b) => a.z - b.z);
  const { kept, truths } = keepVisible(things, width, height);
  return {
    truths,
    draw() {
      const canvas = createCanvas(width, height);
      const brush = canvas.getContext('2d');
      drawStreet(brush, camera, light, crossing, backdrop);
      for (const thing of [...kept].reverse()) thing.draw(brush, light);
      finish(brush, light, kept, width, height);
      return canvas;
    },
  };
}

function placeThings(camera: Camera, crossing: Crossing | undefined, random: Random): Thing[] {
  const near = camera.nearest;
  const things: Thing[] = [];
  // cars keep their distance along a lane, uniform in scale, so that near and far ones are equally frequent
  for (const lane of [-1, 1]) {
    let z = near * random.uniform(1.05, 2.2);
    while (z < near * 6.5) {
      const blocked = crossing && z + 4.5 > crossing.z - crossing.half && z < crossing.z + crossing.half;
      if (!blocked && random.uniform() < 0.62)
        things.push(carOnLane(camera, lane * random.uniform(1.75, 2.3), z, lane > 0, random));
      z = (z + 4) * random.uniform(1.12, 1.7);
    }
  }
  if (crossing)
    for (const offset of [1.3, -1.3]) {
      let x = random.uniform(-14, -6);
      while (x < 14) {
        if (random.uniform() < 0.35) things.push(carAcross(camera, x, crossing.z + offset, random));
        x += random.uniform(5.5, 9);
      }
    }
  for (let i = 3 + random.integer(7); i > 0; i--) {
    const z = near * 1.15 * 5 ** random.uniform();
    const side = random.uniform() < 0.5 ? -1 : 1;
    const onRoad = random.uniform() < 0.12 && z > near * 1.6;
    things.push(
      person(camera, side * (onRoad ? random.uniform(0, ROAD) : random.uniform(ROAD + 0.4, PAVEMENT - 0.3)), z, random),
    );
  }
  const lightsAt = crossing ? crossing.z - crossing.half - 0.6 : near * random.uniform(1.7, 3.5);
  for (const side of [-1, 1])
    for (const factor of [1, random.uniform(1.7, 2.4)])
      if (random.uniform() < (factor === 1 ? 0.75 : 0.4))
        things.push(trafficLight(camera, side * (ROAD + 0.45), Math.max(lightsAt, near * 1.5) * factor, random));
  for (const side of [-1, 1]) {
    const z = () => near * random.uniform(1.2, 6);
    const edge = side * random.uniform(PAVEMENT + 0.5, PAVEMENT + 1.6);
    for (let i = random.integer(4); i > 0; i--) things.push(tree(camera, edge, near * random.uniform(1.5, 7), random));
    if (random.uniform() < 0.6) things.push(lamp(camera, side * (PAVEMENT - 0.15), z()));
    if (random.uniform() < 0.5) things.push(sign(camera, side * (ROAD + 0.3), z(), random));
    if (random.uniform() < 0.4) things.push(bench(camera, side * (PAVEMENT - 0.5), z()));
    if (random.uniform() < 0.3) things.push(hydrant(camera, side * (ROAD + 0.4), z()));
    for (let i = random.integer(4); i > 0; i--)
      things.push(bush(camera, side * random.uniform(PAVEMENT + 0.6, PAVEMENT + 3), z(), random));
  }
  return things;
}

/** Visits objects from near to far and drops those that are mostly occluded. */
function keepVisible(things: Thing[], width: number, height: number) {
  const canvas = createCanvas(width, height);
  const brush = canvas.getContext('2d', { willReadFrequently: true });
  const covered = new Uint8Array(width * height);
  const kept: Thing[] = [];
  const truths: SceneTruth[] = [];
  for (const thing of things) {
    const points = thing.outline.flat();
    const [x0, y0, x1, y1] = bounds(points);
    const left = Math.max(0, Math.floor(x0));
    const top = Math.max(0, Math.floor(y0));
    const right = Math.min(width, Math.ceil(x1));
    const bottom = Math.min(height, Math.ceil(y1));
    if (points.length === 0 || right <= left || bottom <= top) {
      if (!thing.class) kept.push(thing);
      continue;
    }
    brush.clearRect(left, top, right - left, bottom - top);
    for (const part of thing.outline) polygon(brush, part, '#000000');
    const { data } = brush.getImageData(left, top, right - left, bottom - top);
    let [inside, visible] = [0, 0];
    const mask: number[] = [];
    for (let y = top, i = 3; y < bottom; y++)
      for (let x = left; x < right; x++, i += 4) {
        if (data[i] < 128) continue;
        inside++;
        const at = y * width + x;
        mask.push(at);
        if (covered[at] === 0) visible++;
      }
    const inView = ((right - left) * (bottom - top)) / ((x1 - x0) * (y1 - y0));
    if (thing.class) {
      const small = right - left < MIN_SIDE || bottom - top < MIN_SIDE;
      if (small || inView < MIN_VISIBLE || visible < MIN_VISIBLE * inside) continue;
      const cut = thing.outline.map((part) => clip(part, width, height)).filter((part) => part.length >= 3);
      const [bx0, by0, bx1, by1] = bounds(cut.flat()).map(round);
      truths.push({
        class: thing.class,
        segmentation: cut.map((part) => part.flat().map(round)),
        bbox: [bx0, by0, round(bx1 - bx0), round(by1 - by0)],
        area: inside,
      });
    }
    kept.push(thing);
    for (const at of mask) covered[at] = 1;
  }
  return { kept, truths };
}

/** Applies the tint, then glowing lamps and a slight vignette. */
function finish(brush: Brush, light: Lighting, things: Thing[], width: number, height: number): void {
  brush.globalCompositeOperation = 'multiply';
  brush.fillStyle = light.tint;
  brush.fillRect(0, 0, width, height);
  const reach = Math.hypot(width, height) / 2;
  const vignette = brush.createRadialGradient(width / 2, height / 2, reach * 0.55, width / 2, height / 2, reach);
  vignette.addColorStop(0, 'rgba(255,255,255,1)');
  vignette.addColorStop(1, 'rgba(205,205,215,1)');
  brush.fillStyle = vignette;
  brush.fillRect(0, 0, width, height);
  brush.globalCompositeOperation = 'lighter';
  for (const thing of [...things].reverse()) thing.glow?.(brush, light);
  brush.globalCompositeOperation = 'source-over';
}

function bounds(points: readonly Point[]): [number, number, number, number] {
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

/** Sutherland-Hodgman: the part of a polygon inside the image. */
function clip(polygonPoints: readonly Point[], width: number, height: number): Point[] {
  let points = [...polygonPoints];
  const edges: [0 | 1, number, 1 | -1][] = [
    [0, 0, 1],
    [0, width, -1],
    [1, 0, 1],
    [1, height, -1],
  ];
  for (const [axis, limit, sign] of edges) {
    const inside = (p: Point) => sign * (p[axis] - limit) >= 0;
    const out: Point[] = [];
    for (const [i, p] of points.entries()) {
      const q = points[(i + 1) % points.length];
      if (inside(p)) out.push(p);
      if (inside(p) !== inside(q)) {
        const t = (limit - p[axis]) / (q[axis] - p[axis]);
        out.push([p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]);
      }
    }
    points = out;
  }
  return points;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
