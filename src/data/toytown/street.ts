// The background: sky, sun, clouds, hills, houses in perspective, lawns, pavement and road.

import type { Random } from '../../random';
import type { Camera, Point } from './camera';
import type { Lighting } from './lighting';
import { type Brush, ellipse, pick, polygon, shade } from './paint';

/** Half widths in metres: of the road, and of road and pavements together; houses begin at `HOUSE_LINE`. */
export const ROAD = 4.1;
export const PAVEMENT = 7.2;
const HOUSE_LINE = 9.2;
const FAR = 90;
/** Houses farther away have no windows: they would be less than a pixel wide. */
const DETAIL = 45;

const WALLS = [
  '#e7d5b5',
  '#d98f6c',
  '#c9b8a6',
  '#efe3cf',
  '#b7c4c9',
  '#e3b778',
  '#c77d6b',
  '#a9b79b',
  '#d8cfe0',
  '#f1e9d8',
];
const ROOFS = ['#8f4436', '#6b4a3c', '#59606b', '#a05a3f', '#4d5a52'];

export interface Crossing {
  /** Distance of the centre of the crossing street, and half its width, in metres. */
  z: number;
  half: number;
}

/** Draws the background. */
export function drawStreet(
  brush: Brush,
  camera: Camera,
  light: Lighting,
  crossing: Crossing | undefined,
  random: Random,
): void {
  drawSky(brush, camera, light, random);
  drawHills(brush, camera, light, random);
  const [, horizon] = camera.vanishing;
  brush.fillStyle = light.grass;
  brush.fillRect(0, horizon, camera.width, camera.height - horizon);
  speckle(brush, camera, light, random);
  drawHouses(brush, camera, light, crossing, random);
  drawGround(brush, camera, light, crossing);
}

function drawSky(brush: Brush, camera: Camera, light: Lighting, random: Random): void {
  const { width } = camera;
  const [, horizon] = camera.vanishing;
  const gradient = brush.createLinearGradient(0, 0, 0, horizon);
  gradient.addColorStop(0, light.sky[0]);
  gradient.addColorStop(1, light.sky[1]);
  brush.fillStyle = gradient;
  brush.fillRect(0, 0, width, horizon + 2);
  if (light.name === 'night')
    for (let i = 0; i < 60; i++)
      ellipse(brush, random.uniform(0, width), random.uniform(0, horizon * 0.8), 0.5, 0.5, 'rgba(255,255,255,0.7)');
  if (light.sun) {
    const [x, y] = [width * random.uniform(0.12, 0.88), horizon * (1 - light.sun.height)];
    const r = width * 0.035;
    const glow = brush.createRadialGradient(x, y, r * 0.5, x, y, r * 5);
    glow.addColorStop(0, light.sun.colour);
    glow.addColorStop(1, 'rgba(255,255,255,0)');
    brush.globalAlpha = 0.55;
    brush.fillStyle = glow;
    brush.fillRect(x - r * 5, y - r * 5, r * 10, r * 10);
    brush.globalAlpha = 1;
    ellipse(brush, x, y, r, r, light.sun.colour);
  }
  for (let i = random.integer(5) + (light.name === 'overcast' ? 5 : 1); i > 0; i--) {
    const [x, y] = [random.uniform(-0.1, 1.1) * width, random.uniform(0.04, 0.62) * horizon];
    const size = width * random.uniform(0.035, 0.075);
    // one path for all puffs, so that a translucent cloud is uniform
    brush.beginPath();
    for (let k = 0; k < 6; k++) {
      const [px, py] = [x + (k - 2.5) * size * 0.62, y + random.uniform(-0.22, 0.12) * size];
      brush.moveTo(px, py);
      brush.ellipse(px, py, size * random.uniform(0.5, 0.85), size * random.uniform(0.28, 0.45), 0, 0, 2 * Math.PI);
    }
    brush.fillStyle = light.cloud;
    brush.fill();
  }
}

function drawHills(brush: Brush, camera: Camera, light: Lighting, random: Random): void {
  const { width } = camera;
  const [, horizon] = camera.vanishing;
  for (const [i, colour] of light.hills.entries()) {
    const height = horizon * (0.3 - 0.13 * i);
    const [a, b, c] = [random.uniform(0, 6), random.uniform(0, 6), random.uniform(0.7, 1.3)];
    const ridge: Point[] = [[0, horizon + 1]];
    for (let x = 0; x <= 24; x++) {
      const t = (x / 24) * 6 * c;
      ridge.push([(x / 24) * width, horizon - height * (0.55 + 0.28 * Math.sin(t + a) + 0.17 * Math.sin(2.3 * t + b))]);
    }
    ridge.push([width, horizon + 1]);
    polygon(brush, ridge, colour);
  }
}

/** Tufts on the lawns. */
function speckle(brush: Brush, camera: Camera, light: Lighting, random: Random): void {
  for (let i = 0; i < 90; i++) {
    const z = camera.nearest * random.uniform(1, 7);
    const side = random.uniform() < 0.5 ? -1 : 1;
    const [x, y] = camera.project(side * random.uniform(PAVEMENT, PAVEMENT + 9), 0, z);
    const s = camera.scale(z);
    ellipse(brush, x, y, 0.22 * s, 0.06 * s, shade(light.grass, random.uniform(-0.2, 0.16)));
  }
}

/** Two rows of gabled houses, far ones first, with a gap where the crossing street is. */
function drawHouses(
  brush: Brush,
  camera: Camera,
  light: Lighting,
  crossing: Crossing | undefined,
  random: Random,
): void {
  const houses: { z: number; draw: () => void }[] = [];
  for (const side of [-1, 1]) {
    let z = camera.nearest * random.uniform(0.9, 1.6);
    while (z < FAR) {
      const depth = random.uniform(6, 12);
      const gap = random.uniform() < 0.3 ? random.uniform(4, 9) : random.uniform(0.6, 2);
      const clear = crossing && z < crossing.z + crossing.half + 1 && z + depth > crossing.z - crossing.half - 1;
      const from = z;
      const house = makeHouse(random);
      if (!clear)
        houses.push({ z: from, draw: () => drawHouse(brush, camera, light, side, from, from + depth, house) });
      z += depth + gap;
    }
  }
  for (const { draw } of houses.sort((a, b) => b.z - a.z)) draw();
}

interface House {
  eaves: number;
  ridge: number;
  width: number;
  setback: number;
  wall: string;
  roof: string;
  floors: number;
  shop: string | undefined;
  lit: number;
  bays: number;
}

function makeHouse(random: Random): House {
  const floors = 1 + random.integer(3);
  return {
    eaves: 3 * floors + random.uniform(0.2, 0.8),
    ridge: random.uniform(1.4, 3),
    width: random.uniform(7, 11),
    setback: random.uniform(0, 1.6),
    wall: pick(random, WALLS),
    roof: pick(random, ROOFS),
    floors,
    shop: random.uniform() < 0.3 ? pick(random, ['#b5433c', '#2f6f6b', '#d9a441', '#4a5f8f']) : undefined,
    lit: random.uint32(),
    bays: 2 + random.integer(2),
  };
}

function drawHouse(
  brush: Brush,
  camera: Camera,
  light: Lighting,
  side: number,
  near: number,
  far: number,
  house: House,
): void {
  const z0 = Math.max(near, camera.nearest * 0.45);
  if (far <= z0) return;
  const at = (x: number, y: number, z: number) => camera.project(side * x, y, z);
  drawWalls(brush, at, z0, far, house);
  if (near > DETAIL) return;
  const step = (far - near) / house.bays;
  for (let floor = 0; floor < house.floors; floor++)
    for (let bay = 0; bay < house.bays; bay++) {
      const lit = ((house.lit >>> (floor * 4 + bay)) & 1) === 1;
      const pane = (on: boolean) => (light.lamps && on ? '#ffd98a' : light.lamps ? '#39405a' : '#6f8799');
      const window: Window = { a: near + step * (bay + 0.28), b: near + step * (bay + 0.72), floor, bay, lit, pane };
      if (window.a > z0) drawFrontWindow(brush, at, house, window);
      if (floor > 0 || bay > 0) drawGableWindow(brush, at, house, window, z0);
    }
}

type Project = (x: number, y: number, z: number) => Point;

/** A place on the front between the depths `a` and `b`, and the colour of a pane, lit or not. */
interface Window {
  a: number;
  b: number;
  floor: number;
  bay: number;
  lit: boolean;
  pane: (lit: boolean) => string;
}

/** Roof slope towards the street, then the gable end towards the viewer, then the street front and its base. */
function drawWalls(brush: Brush, at: Project, z0: number, far: number, house: House): void {
  const { eaves, ridge, roof, wall } = house;
  const line = HOUSE_LINE + house.setback;
  const back = line + house.width;
  const center = line + house.width / 2;
  polygon(
    brush,
    [
      at(line - 0.3, eaves, z0),
      at(center, eaves + ridge, z0),
      at(center, eaves + ridge, far),
      at(line - 0.3, eaves, far),
    ],
    roof,
  );
  polygon(
    brush,
    [at(line, 0, z0), at(line, eaves, z0), at(center, eaves + ridge, z0), at(back, eaves, z0), at(back, 0, z0)],
    shade(wall, -0.12),
  );
  polygon(brush, [at(line, 0, z0), at(line, eaves, z0), at(line, eaves, far), at(line, 0, far)], shade(wall, -0.02));
  polygon(
    brush,
    [at(line - 0.02, 0, z0), at(line - 0.02, 0.35, z0), at(line - 0.02, 0.35, far), at(line - 0.02, 0, far)],
    shade(wall, -0.3),
  );
}

/** On the street front: a window with its frame, or a shop's pane and awning on the ground floor. */
function drawFrontWindow(brush: Brush, at: Project, house: House, { a, b, floor, lit, pane }: Window): void {
  const line = HOUSE_LINE + house.setback;
  const [low, high] = floorHeights(floor);
  /** An upright rectangle on the front. */
  const upright = (y0: number, y1: number, from: number, to: number): Point[] => [
    at(line, y0, from),
    at(line, y1, from),
    at(line, y1, to),
    at(line, y0, to),
  ];
  if (floor === 0 && house.shop) {
    polygon(brush, upright(0.5, 2.3, a - 0.4, b + 0.4), pane(true));
    polygon(
      brush,
      [at(line, 2.75, a - 0.6), at(line - 0.9, 2.3, a - 0.6), at(line - 0.9, 2.3, b + 0.6), at(line, 2.75, b + 0.6)],
      house.shop,
    );
  } else {
    polygon(brush, upright(low - 0.1, high + 0.1, a - 0.12, b + 0.12), shade(house.wall, 0.45));
    polygon(brush, upright(low, high, a, b), pane(lit));
  }
}

function drawGableWindow(brush: Brush, at: Project, house: House, { floor, bay, lit, pane }: Window, z: number): void {
  const [low, high] = floorHeights(floor);
  const x = HOUSE_LINE + house.setback + (house.width * (bay + 0.5)) / house.bays;
  polygon(brush, [at(x - 0.5, low, z), at(x - 0.5, high, z), at(x + 0.5, high, z), at(x + 0.5, low, z)], pane(!lit));
}

/** Lower and upper edge of a floor's windows, in metres. */
const floorHeights = (floor: number): [number, number] => [3 * floor + 0.95, 3 * floor + 2.35];

function drawGround(brush: Brush, camera: Camera, light: Lighting, crossing: Crossing | undefined): void {
  const near = camera.nearest * 0.8;
  const strip = (x0: number, x1: number, z0: number, z1: number, fill: string) =>
    polygon(
      brush,
      [camera.project(x0, 0, z0), camera.project(x1, 0, z0), camera.project(x1, 0, z1), camera.project(x0, 0, z1)],
      fill,
    );
  strip(-PAVEMENT, PAVEMENT, near, FAR, light.pavement);
  if (crossing) {
    strip(-60, 60, crossing.z - crossing.half - 1.6, crossing.z + crossing.half + 1.6, light.pavement);
    strip(-60, 60, crossing.z - crossing.half, crossing.z + crossing.half, light.road);
  }
  for (let z = Math.ceil(near); z < 30; z += 2)
    for (const side of [-1, 1]) strip(side * ROAD, side * PAVEMENT, z, z + 0.05, shade(light.pavement, -0.14));
  for (const side of [-1, 1]) strip(side * (ROAD - 0.05), side * (ROAD + 0.22), near, FAR, shade(light.pavement, 0.3));
  strip(-ROAD, ROAD, near, FAR, light.road);
  if (crossing) strip(-60, 60, crossing.z - crossing.half, crossing.z + crossing.half, light.road);
  const inCrossing = (z: number) => crossing !== undefined && Math.abs(z - crossing.z) < crossing.half + 2.2;
  for (let z = Math.ceil(near / 4) * 4 - 4; z < FAR; z += 4)
    if (!inCrossing(z) && !inCrossing(z + 2)) strip(-0.09, 0.09, z, z + 2, '#eeeade');
  for (const side of [-1, 1])
    for (let z = near; z < FAR; z += 3)
      if (!inCrossing(z)) strip(side * (ROAD - 0.35), side * (ROAD - 0.47), z, z + 3, shade(light.road, 0.45));
  if (crossing) {
    // a zebra crossing on the viewer's side
    const z = crossing.z - crossing.half - 2;
    if (z > near) for (let x = -ROAD + 0.4; x < ROAD - 0.3; x += 0.9) strip(x, x + 0.48, z, z + 1.5, '#f1eee4');
  }
}
