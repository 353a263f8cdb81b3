// People: adults and children, walking or standing, with hair, clothes and sometimes a bag or a hat.

import type { Random } from '../../random';
import type { Camera, Point } from './camera';
import { type Brush, ellipse, hull, pick, polygon, ring, shade } from './paint';
import type { Thing } from './thing';

const SKIN = ['#f2c9a5', '#e0ac83', '#c68a5e', '#9a6440', '#6f4529'];
const HAIR = ['#2b1d16', '#5a3a22', '#a5682f', '#d8b25c', '#8e8a86', '#161616'];
const TOPS = [
  '#d94f3d',
  '#2f6fb3',
  '#f0b93a',
  '#4c9a5b',
  '#ffffff',
  '#7b4fa0',
  '#ee7fa0',
  '#20364f',
  '#39b3b0',
  '#e27b2f',
];
const LEGS = ['#26334d', '#3d3d42', '#6b5a45', '#4a5d7a', '#7c2d3a', '#1e1e22'];

/** Colours, and what a person wears. */
interface Looks {
  skin: string;
  hair: string;
  top: string;
  leg: string;
  skirt: boolean;
  longHair: boolean;
  hat?: string;
  bag?: string;
}

/** Outlines of the parts, in pixels; `swing` of the arms and `s` pixels per unit. */
interface Figure {
  at: (px: number, py: number) => Point;
  s: number;
  facing: number;
  swing: number;
  feet: Point;
  backLeg: Point[];
  frontLeg: Point[];
  backShoe: Point[];
  frontShoe: Point[];
  backArm: Point[];
  frontArm: Point[];
  head: Point[];
  crown: Point[];
  body: Point[];
  hem: Point[];
}

/** A person with the feet at (`x`, `z`). */
export function person(camera: Camera, x: number, z: number, random: Random): Thing {
  const tall = random.uniform() < 0.2 ? random.uniform(1.05, 1.3) : random.uniform(1.58, 1.92);
  const s = camera.scale(z) * (tall / 1.75);
  const facing = random.uniform() < 0.5 ? -1 : 1;
  const stride = random.uniform() < 0.25 ? 0.06 : random.uniform(0.16, 0.34);
  const swing = stride * random.uniform(0.6, 1.1);
  const looks = drawLooks(random);
  const figure = outlineFigure(camera.project(x, 0, z), s, facing, stride, swing);
  const { backArm, backLeg, backShoe, body, crown, frontArm, frontLeg, frontShoe, head, hem } = figure;
  const parts = [crown, head, body, backArm, frontArm, backLeg, frontLeg, backShoe, frontShoe];
  if (looks.skirt) parts.push(hem);
  return {
    z,
    class: 'person',
    outline: parts,
    draw: (brush, light) => drawPerson(brush, figure, looks, light.shadow),
  };
}

function drawLooks(random: Random): Looks {
  const [skin, hair, top, leg] = [pick(random, SKIN), pick(random, HAIR), pick(random, TOPS), pick(random, LEGS)];
  const skirt = random.uniform() < 0.25;
  const longHair = random.uniform() < 0.4;
  const hat = random.uniform() < 0.15 ? pick(random, TOPS) : undefined;
  const bag = random.uniform() < 0.25 ? pick(random, TOPS) : undefined;
  return { skin, hair, top, leg, skirt, longHair, hat, bag };
}

function outlineFigure([cx, ground]: Point, s: number, facing: number, stride: number, swing: number): Figure {
  const at = (px: number, py: number): Point => [cx + facing * px * s, ground - py * s];
  const limb = (from: Point, to: Point, w0: number, w1: number): Point[] => {
    const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    const length = Math.hypot(dx, dy) || 1;
    const [nx, ny] = [-dy / length, dx / length];
    return [
      at(from[0] + nx * w0, from[1] + ny * w0),
      at(to[0] + nx * w1, to[1] + ny * w1),
      at(to[0] - nx * w1, to[1] - ny * w1),
      at(from[0] - nx * w0, from[1] - ny * w0),
    ];
  };
  const shoe = (px: number): Point[] => [
    at(px - 0.07, 0.08),
    at(px - 0.07, 0),
    at(px + 0.17, 0),
    at(px + 0.15, 0.06),
    at(px + 0.05, 0.11),
  ];
  const torso: Point[] = [at(-0.2, 1.42), at(0.2, 1.42), at(0.21, 1.1), at(0.17, 0.8), at(-0.17, 0.8), at(-0.21, 1.1)];
  return {
    at,
    s,
    facing,
    swing,
    feet: [cx, ground],
    backLeg: limb([-0.03, 0.82], [-stride, 0.06], 0.1, 0.065),
    frontLeg: limb([0.03, 0.82], [stride, 0.06], 0.1, 0.065),
    backShoe: shoe(-stride),
    frontShoe: shoe(stride),
    backArm: limb([-0.13, 1.38], [-swing * 0.9 - 0.12, 0.86], 0.065, 0.05),
    frontArm: limb([0.13, 1.38], [swing * 0.9 + 0.1, 0.86], 0.065, 0.05),
    head: ring(cx + facing * 0.02 * s, ground - 1.6 * s, 0.125 * s, 0.15 * s),
    crown: ring(cx, ground - 1.64 * s, 0.145 * s, 0.145 * s),
    body: hull([...torso, at(-0.1, 1.5), at(0.1, 1.5)]),
    hem: [at(-0.17, 0.95), at(0.17, 0.95), at(0.27, 0.52), at(-0.27, 0.52)],
  };
}

/** From the back to the front: shadow, far limbs, near leg, clothes, bag, head, near arm. */
function drawPerson(brush: Brush, figure: Figure, looks: Looks, shadow: number): void {
  const { at, backArm, backLeg, backShoe, body, feet, frontArm, frontLeg, frontShoe, hem, s, swing } = figure;
  const { skin, top, leg, skirt, bag } = looks;
  ellipse(brush, ...feet, 0.34 * s, 0.09 * s, `rgba(20,20,35,${shadow})`);
  polygon(brush, backArm, shade(top, -0.3));
  polygon(brush, backLeg, skirt ? shade(skin, -0.2) : shade(leg, -0.25));
  polygon(brush, backShoe, '#2a2320');
  polygon(brush, frontLeg, skirt ? skin : leg);
  polygon(brush, frontShoe, '#3a302b');
  if (skirt) polygon(brush, hem, leg);
  polygon(brush, body, top);
  polygon(brush, [at(-0.2, 1.42), at(-0.05, 1.42), at(-0.06, 0.8), at(-0.17, 0.8), at(-0.21, 1.1)], shade(top, -0.14));
  if (bag) drawBag(brush, figure, bag);
  drawHead(brush, figure, looks);
  polygon(brush, frontArm, shade(top, -0.08));
  ellipse(brush, ...at(swing * 0.9 + 0.1, 0.84), 0.05 * s, 0.05 * s, skin);
}

function drawBag(brush: Brush, { at, s }: Figure, colour: string): void {
  brush.strokeStyle = shade(colour, -0.4);
  brush.lineWidth = Math.max(0.4, 0.03 * s);
  brush.beginPath();
  brush.moveTo(...at(0.12, 1.4));
  brush.lineTo(...at(-0.16, 0.9));
  brush.stroke();
  polygon(brush, [at(-0.26, 0.98), at(-0.08, 0.98), at(-0.06, 0.74), at(-0.28, 0.74)], colour);
}

function drawHead(brush: Brush, { at, crown, facing, head, s }: Figure, { hair, hat, longHair, skin }: Looks): void {
  polygon(brush, crown, hair);
  if (longHair) polygon(brush, [at(-0.14, 1.66), at(0.02, 1.66), at(-0.02, 1.38), at(-0.15, 1.4)], hair);
  polygon(
    brush,
    head.map(([px, py]) => [px + facing * 0.02 * s, py + 0.02 * s]),
    skin,
  );
  polygon(brush, [at(-0.14, 1.68), at(0.13, 1.7), at(0.08, 1.76), at(-0.08, 1.77)], hair);
  if (hat) polygon(brush, [at(-0.16, 1.7), at(0.22, 1.7), at(0.12, 1.74), at(0.1, 1.8), at(-0.12, 1.8)], hat);
}
