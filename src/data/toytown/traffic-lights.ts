// Traffic lights: a dark housing with three lamps on a pole. The annotation covers the housing, not the pole.

import type { Random } from '../../random';
import type { Camera, Point } from './camera';
import { halo } from './cars';
import { box, ellipse } from './paint';
import type { Thing } from './thing';

const LAMPS: readonly (readonly [string, string, string])[] = [
  ['#ff4438', '#4a1613', '255,70,60'],
  ['#ffc531', '#4a3a10', '255,200,60'],
  ['#3fe07a', '#123f22', '70,235,130'],
];

/** A traffic light on a pole at (`x`, `z`), facing the viewer. */
export function trafficLight(camera: Camera, x: number, z: number, random: Random): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  const height = random.uniform(2.3, 2.9);
  const [w, h] = [0.62, 1.45];
  const state = random.integer(3);
  const housing = random.uniform() < 0.3 ? '#3d4a3a' : '#23262b';
  const left = cx - (w / 2) * s;
  const top = ground - (height + h) * s;
  const lamp = (i: number): Point => [cx, top + (0.26 + i * 0.44) * s];
  return {
    z,
    class: 'traffic light',
    outline: [
      [
        [left, top],
        [left + w * s, top],
        [left + w * s, top + h * s],
        [left, top + h * s],
      ],
    ],
    draw(brush, light) {
      ellipse(brush, cx, ground, 0.3 * s, 0.08 * s, `rgba(20,20,35,${light.shadow})`);
      box(brush, cx - 0.07 * s, top + h * s, 0.14 * s, ground - top - h * s, 0, '#565b61');
      box(brush, cx - 0.14 * s, ground - 0.25 * s, 0.28 * s, 0.25 * s, 0.03 * s, '#474b50');
      box(brush, left, top, w * s, h * s, 0.12 * s, housing);
      for (let i = 0; i < 3; i++) {
        const [lx, ly] = lamp(i);
        ellipse(brush, lx, ly, 0.19 * s, 0.19 * s, LAMPS[i][i === state ? 0 : 1]);
        if (i === state) ellipse(brush, lx - 0.05 * s, ly - 0.06 * s, 0.06 * s, 0.05 * s, 'rgba(255,255,255,0.7)');
      }
    },
    glow(brush) {
      halo(brush, ...lamp(state), 0.55 * s, LAMPS[state][2]);
    },
  };
}
