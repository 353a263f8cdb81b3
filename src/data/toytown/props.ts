// Unlabelled objects that clutter and occlude: trees, lamps, signs, benches, hydrants.

import type { Random } from '../../random';
import type { Camera, Point } from './camera';
import { halo } from './cars';
import { box, ellipse, pick, polygon, ring, shade } from './paint';
import type { Thing } from './thing';

const LEAVES = ['#4f8a3c', '#6a9a3e', '#3c7350', '#8a9a3a', '#c98a35', '#b85f3a'];

export function tree(camera: Camera, x: number, z: number, random: Random): Thing {
  const s = camera.scale(z) * random.uniform(0.8, 1.25);
  const [cx, ground] = camera.project(x, 0, z);
  const leaf = pick(random, LEAVES);
  const blobs = Array.from({ length: 7 }, (_, i) => {
    const angle = (i / 7) * 2 * Math.PI;
    return [
      Math.cos(angle) * random.uniform(0.4, 0.8),
      3.6 + Math.sin(angle) * random.uniform(0.4, 0.9),
      random.uniform(0.65, 0.95),
    ];
  });
  return {
    z,
    outline: [
      ring(cx, ground - 3.6 * s, 1.35 * s, 1.5 * s),
      [
        [cx - 0.14 * s, ground],
        [cx + 0.14 * s, ground],
        [cx + 0.1 * s, ground - 2.4 * s],
        [cx - 0.1 * s, ground - 2.4 * s],
      ],
    ],
    draw(brush, light) {
      ellipse(brush, cx, ground, 1.3 * s, 0.26 * s, `rgba(20,30,25,${light.shadow})`);
      polygon(
        brush,
        [
          [cx - 0.18 * s, ground],
          [cx + 0.18 * s, ground],
          [cx + 0.1 * s, ground - 3 * s],
          [cx - 0.1 * s, ground - 3 * s],
        ],
        '#6d4c35',
      );
      for (const [bx, by, r] of blobs)
        ellipse(brush, cx + bx * s, ground - (by - 0.12) * s, r * s, r * s, shade(leaf, -0.22));
      for (const [bx, by, r] of blobs)
        ellipse(brush, cx + (bx - 0.1) * s, ground - (by + 0.05) * s, r * 0.86 * s, r * 0.86 * s, leaf);
      ellipse(brush, cx - 0.35 * s, ground - 4.1 * s, 0.5 * s, 0.42 * s, shade(leaf, 0.2));
    },
  };
}

export function lamp(camera: Camera, x: number, z: number): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  const arm = x < 0 ? 1 : -1;
  const head: Point = [cx + arm * 0.9 * s, ground - 4.6 * s];
  return {
    z,
    outline: [],
    draw(brush) {
      box(brush, cx - 0.06 * s, ground - 4.6 * s, 0.12 * s, 4.6 * s, 0, '#4b5057');
      box(brush, Math.min(cx, head[0]), ground - 4.65 * s, 0.9 * s, 0.09 * s, 0, '#4b5057');
      ellipse(brush, head[0], head[1] + 0.08 * s, 0.28 * s, 0.12 * s, '#f4efd9');
    },
    glow(brush, light) {
      if (light.lamps) halo(brush, head[0], head[1] + 0.1 * s, 1.5 * s, '255,226,160');
    },
  };
}

/** A road sign; its red and blue discs are distractors for traffic lights. */
export function sign(camera: Camera, x: number, z: number, random: Random): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  const kind = random.integer(3);
  return {
    z,
    outline: [],
    draw(brush) {
      box(brush, cx - 0.04 * s, ground - 2.3 * s, 0.08 * s, 2.3 * s, 0, '#8d9298');
      const y = ground - 2.35 * s;
      if (kind === 2) {
        polygon(
          brush,
          [
            [cx, y - 0.42 * s],
            [cx + 0.42 * s, y + 0.3 * s],
            [cx - 0.42 * s, y + 0.3 * s],
          ],
          '#c9342b',
        );
        polygon(
          brush,
          [
            [cx, y - 0.22 * s],
            [cx + 0.26 * s, y + 0.22 * s],
            [cx - 0.26 * s, y + 0.22 * s],
          ],
          '#f5f2ea',
        );
        return;
      }
      ellipse(brush, cx, y, 0.36 * s, 0.36 * s, kind === 0 ? '#c9342b' : '#2c62b0');
      if (kind === 0) ellipse(brush, cx, y, 0.25 * s, 0.25 * s, '#f5f2ea');
      else box(brush, cx - 0.05 * s, y - 0.2 * s, 0.1 * s, 0.4 * s, 0, '#f5f2ea');
    },
  };
}

export function bench(camera: Camera, x: number, z: number): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  return {
    z,
    outline: [],
    draw(brush, light) {
      ellipse(brush, cx, ground, 0.85 * s, 0.12 * s, `rgba(20,20,35,${light.shadow})`);
      for (const side of [-1, 1])
        box(brush, cx + side * 0.6 * s - 0.04 * s, ground - 0.45 * s, 0.08 * s, 0.45 * s, 0, '#3f4349');
      for (const y of [0.45, 0.68, 0.86])
        box(brush, cx - 0.75 * s, ground - (y + 0.06) * s, 1.5 * s, 0.12 * s, 0.02 * s, '#96683f');
    },
  };
}

export function hydrant(camera: Camera, x: number, z: number): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  return {
    z,
    outline: [],
    draw(brush, light) {
      ellipse(brush, cx, ground, 0.25 * s, 0.07 * s, `rgba(20,20,35,${light.shadow})`);
      box(brush, cx - 0.14 * s, ground - 0.66 * s, 0.28 * s, 0.66 * s, 0.05 * s, '#c5402f');
      box(brush, cx - 0.22 * s, ground - 0.48 * s, 0.44 * s, 0.14 * s, 0.05 * s, '#a93325');
      ellipse(brush, cx, ground - 0.68 * s, 0.15 * s, 0.1 * s, '#d9543f');
    },
  };
}

export function bush(camera: Camera, x: number, z: number, random: Random): Thing {
  const s = camera.scale(z);
  const [cx, ground] = camera.project(x, 0, z);
  const leaf = pick(random, LEAVES);
  const blobs = Array.from({ length: 5 }, () => [
    random.uniform(-0.7, 0.7),
    random.uniform(0.25, 0.6),
    random.uniform(0.3, 0.5),
  ]);
  return {
    z,
    outline: [],
    draw(brush) {
      for (const [bx, by, r] of blobs)
        ellipse(brush, cx + bx * s, ground - by * s, r * 1.2 * s, r * s, shade(leaf, -0.2));
      for (const [bx, by, r] of blobs)
        ellipse(brush, cx + (bx - 0.06) * s, ground - (by + 0.08) * s, r * s, r * 0.8 * s, leaf);
    },
  };
}
