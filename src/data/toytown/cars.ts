// Cars: seen from the rear or the front on the lanes, from the side on a crossing street.

import type { Random } from '../../random';
import type { Camera, Point } from './camera';
import type { Lighting } from './lighting';
import { type Brush, box, ellipse, hull, pick, polygon, shade } from './paint';
import type { Thing } from './thing';

const COLOURS = [
  '#c8372d',
  '#2f62b5',
  '#e8e6e1',
  '#2d2f36',
  '#e0a526',
  '#4f8a54',
  '#8d9399',
  '#7d3f8c',
  '#e36f2c',
  '#3aa6b0',
];
const GLASS = '#3b4a5c';
const TYRE = '#1d1e22';

/** Half widths and heights of a car's end face at belt line and roof, and its length, in metres. */
const BODIES = [
  { half: 0.9, belt: 0.88, roof: 1.42, roofHalf: 0.6, length: 4.1 }, // saloon
  { half: 0.98, belt: 1.05, roof: 1.78, roofHalf: 0.78, length: 4.5 }, // off-roader
  { half: 0.82, belt: 0.85, roof: 1.5, roofHalf: 0.58, length: 3.4 }, // city car
  { half: 1.0, belt: 1.2, roof: 2.15, roofHalf: 0.9, length: 5 }, // van
] as const;

/** A car with its near end at (`x`, `z`), driving away from the viewer or towards the viewer. */
export function carOnLane(camera: Camera, x: number, z: number, away: boolean, random: Random): Thing {
  const body = pick(random, BODIES);
  const colour = pick(random, COLOURS);
  const far = z + body.length;
  const end: Point[] = [
    [-body.half * 0.96, 0.04],
    [-body.half, 0.35],
    [-body.half * 0.97, body.belt],
    [-body.roofHalf, body.roof - 0.06],
    [-body.roofHalf * 0.85, body.roof],
    [body.roofHalf * 0.85, body.roof],
    [body.roofHalf, body.roof - 0.06],
    [body.half * 0.97, body.belt],
    [body.half, 0.35],
    [body.half * 0.96, 0.04],
  ];
  const at = (px: number, py: number, pz: number) => camera.project(x + px, py, pz);
  // bonnet and boot are lower than the cabin: the far end reaches only to the belt line
  const nearEnd = end.map(([px, py]) => at(px, py, z));
  const cabinEnd = end.map(([px, py]) => at(px, py, z + body.length * 0.55));
  const farEnd = end.filter(([, py]) => py <= body.belt).map(([px, py]) => at(px, py * 0.95, far));
  const outline = hull([...nearEnd, ...cabinEnd, ...farEnd]);
  const s = camera.scale(z);
  const [cx, ground] = at(0, 0, z);
  const plate = random.uniform() < 0.8;
  return {
    z,
    class: 'car',
    outline: [outline],
    draw(brush, light) {
      shadowBelow(brush, light, camera, x, z, far, body.half);
      polygon(brush, outline, shade(colour, -0.32));
      sideWindow(brush, at, body, z);
      const tyreW = 0.24 * s;
      for (const side of [-1, 1])
        box(brush, cx + side * (body.half - 0.16) * s - tyreW / 2, ground - 0.34 * s, tyreW, 0.36 * s, 0.08 * s, TYRE);
      polygon(
        brush,
        nearEnd.map(([px, py], i) => (i === 0 || i === 9 ? [px, ground - 0.14 * s] : [px, py])),
        colour,
      );
      const glass: Point[] = [
        at(-body.half * 0.84, body.belt + 0.02, z),
        at(-body.roofHalf * 0.86, body.roof - 0.1, z),
        at(body.roofHalf * 0.86, body.roof - 0.1, z),
        at(body.half * 0.84, body.belt + 0.02, z),
      ];
      polygon(brush, glass, GLASS);
      polygon(
        brush,
        [glass[1], [(glass[1][0] + glass[2][0]) / 2, glass[1][1]], [cx - 0.28 * s, glass[0][1]], glass[0]],
        'rgba(255,255,255,0.16)',
      );
      // bumper, lamps, plate or grille
      box(
        brush,
        cx - body.half * 0.95 * s,
        ground - 0.42 * s,
        body.half * 1.9 * s,
        0.2 * s,
        0.06 * s,
        shade(colour, -0.45),
      );
      for (const side of [-1, 1]) {
        const lampX = cx + side * body.half * 0.74 * s;
        if (away) box(brush, lampX - 0.15 * s, ground - 0.76 * s, 0.3 * s, 0.2 * s, 0.05 * s, '#d8231f');
        else ellipse(brush, lampX, ground - 0.64 * s, 0.16 * s, 0.13 * s, '#fdf6d8');
      }
      if (!away) box(brush, cx - 0.36 * s, ground - 0.74 * s, 0.72 * s, 0.2 * s, 0.04 * s, '#23262c');
      if (plate) box(brush, cx - 0.24 * s, ground - 0.4 * s, 0.48 * s, 0.13 * s, 0.02 * s, '#f3efdf');
    },
    glow(brush, light) {
      if (!light.lamps) return;
      for (const side of [-1, 1]) {
        const lampX = cx + side * body.half * 0.74 * s;
        halo(brush, lampX, ground - 0.66 * s, (away ? 0.45 : 0.8) * s, away ? '255,60,50' : '255,244,200');
      }
    },
  };
}

/** A car seen from the side, centred at (`x`, `z`), heading left or right. */
export function carAcross(camera: Camera, x: number, z: number, random: Random): Thing {
  const body = pick(random, BODIES);
  const colour = pick(random, COLOURS);
  const heading = random.uniform() < 0.5 ? -1 : 1;
  const half = body.length / 2;
  const van = body.roof > 2;
  const profile: Point[] = [
    [-half, 0.3],
    [-half * 0.99, body.belt * 0.92],
    [-half * 0.82, body.belt],
    [-half * (van ? 0.9 : 0.62), body.roof - 0.04],
    [-half * 0.52, body.roof],
    [half * (van ? 0.4 : 0.12), body.roof],
    [half * (van ? 0.55 : 0.24), body.roof - 0.05],
    [half * (van ? 0.72 : 0.5), body.belt],
    [half * 0.92, body.belt * 0.84],
    [half, 0.5],
    [half * 0.98, 0.26],
  ];
  const at = (px: number, py: number): Point => camera.project(x + heading * px, py, z);
  const s = camera.scale(z);
  const wheel = 0.33;
  const wheels = [-half * 0.62, half * 0.62].map((px) => at(px, wheel));
  const sill = profile.map(([px, py]) => at(px, py));
  const foot = [at(half * 0.75, 0.02), at(-half * 0.75, 0.02)];
  return {
    z,
    class: 'car',
    outline: [[...sill, ...foot]],
    draw(brush, light) {
      const [cx, ground] = at(0, 0);
      ellipse(brush, cx, ground, half * 1.05 * s, 0.22 * s, `rgba(20,20,35,${light.shadow})`);
      polygon(brush, sill, colour);
      polygon(brush, [at(-half, 0.52), at(half, 0.52), at(half * 0.98, 0.26), at(-half, 0.3)], shade(colour, -0.25));
      const front = half * (van ? 0.62 : 0.36);
      const low = body.belt + 0.02;
      const high = body.roof - 0.11;
      polygon(
        brush,
        [
          at(-half * (van ? 0.84 : 0.7), low),
          at(-half * (van ? 0.84 : 0.54), high),
          at(-half * 0.2, high),
          at(-half * 0.2, low),
        ],
        GLASS,
      );
      polygon(brush, [at(-half * 0.15, low), at(-half * 0.15, high), at(front - 0.32, high), at(front, low)], GLASS);
      brush.strokeStyle = shade(colour, -0.4);
      brush.lineWidth = Math.max(0.5, 0.03 * s);
      brush.beginPath();
      brush.moveTo(...at(-half * 0.17, low));
      brush.lineTo(...at(-half * 0.17, 0.4));
      brush.stroke();
      for (const [wx, wy] of wheels) {
        ellipse(brush, wx, wy, wheel * s, wheel * s, TYRE);
        ellipse(brush, wx, wy, wheel * 0.55 * s, wheel * 0.55 * s, '#a9adb3');
      }
      ellipse(brush, ...at(half * 0.94, body.belt * 0.7), 0.12 * s, 0.1 * s, '#fdf6d8');
      ellipse(brush, ...at(-half * 0.96, body.belt * 0.78), 0.09 * s, 0.1 * s, '#d8231f');
    },
    glow(brush, light) {
      if (light.lamps) halo(brush, ...at(half * 0.95, body.belt * 0.7), 0.8 * s, '255,244,200');
    },
  };
}

type Body = (typeof BODIES)[number];

/** The window on the side that faces the centre of the image. */
function sideWindow(brush: Brush, at: (x: number, y: number, z: number) => Point, body: Body, z: number): void {
  for (const side of [-1, 1]) {
    const near = z + body.length * 0.07;
    const far = z + body.length * 0.5;
    const window: Point[] = [
      at(side * body.half * 0.95, body.belt, near),
      at(side * body.roofHalf * 0.99, body.roof - 0.12, near),
      at(side * body.roofHalf * 0.99, body.roof - 0.12, far),
      at(side * body.half * 0.95, body.belt, far),
    ];
    polygon(brush, window, shade(GLASS, -0.25));
  }
}

function shadowBelow(
  brush: Brush,
  light: Lighting,
  camera: Camera,
  x: number,
  z: number,
  far: number,
  half: number,
): void {
  const corners: Point[] = [
    camera.project(x - half * 1.1, 0, z * 0.985),
    camera.project(x + half * 1.1, 0, z * 0.985),
    camera.project(x + half * 1.1, 0, far),
    camera.project(x - half * 1.1, 0, far),
  ];
  polygon(brush, corners, `rgba(20,20,35,${light.shadow})`);
}

/** A soft round light. */
export function halo(brush: Brush, x: number, y: number, radius: number, rgb: string): void {
  const gradient = brush.createRadialGradient(x, y, 0, x, y, Math.max(radius, 0.5));
  gradient.addColorStop(0, `rgba(${rgb},0.9)`);
  gradient.addColorStop(0.35, `rgba(${rgb},0.35)`);
  gradient.addColorStop(1, `rgba(${rgb},0)`);
  brush.fillStyle = gradient;
  brush.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
}
