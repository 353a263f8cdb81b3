// Drawing primitives on a 2-D canvas: polygons, rounded boxes, ellipses, lighter and darker shades.

import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Random } from '../../random';
import type { Point } from './camera';

export type Brush = SKRSContext2D;

export function polygon(brush: Brush, points: readonly Point[], fill: string): void {
  brush.beginPath();
  for (const [x, y] of points) brush.lineTo(x, y);
  brush.closePath();
  brush.fillStyle = fill;
  brush.fill();
}

export function ellipse(brush: Brush, x: number, y: number, rx: number, ry: number, fill: string): void {
  brush.beginPath();
  brush.ellipse(x, y, Math.max(rx, 0.1), Math.max(ry, 0.1), 0, 0, 2 * Math.PI);
  brush.fillStyle = fill;
  brush.fill();
}

export function box(brush: Brush, x: number, y: number, w: number, h: number, radius: number, fill: string): void {
  brush.beginPath();
  brush.roundRect(x, y, Math.max(w, 0.1), Math.max(h, 0.1), Math.max(0, Math.min(radius, w / 2, h / 2)));
  brush.fillStyle = fill;
  brush.fill();
}

/** `#rrggbb` towards white (amount > 0) or black (amount < 0), |amount| up to 1. */
export function shade(colour: string, amount: number): string {
  const channels = [1, 3, 5].map((i) => Number.parseInt(colour.slice(i, i + 2), 16));
  const target = amount > 0 ? 255 : 0;
  const mixed = channels.map((c) => Math.round(c + (target - c) * Math.abs(amount)));
  return `#${mixed.map((c) => c.toString(16).padStart(2, '0')).join('')}`;
}

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[random.integer(list.length)];
}

/** A polygon that approximates an ellipse. */
export function ring(x: number, y: number, rx: number, ry: number, corners = 16): Point[] {
  return Array.from({ length: corners }, (_, i) => {
    const angle = (2 * Math.PI * i) / corners;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}

/** The convex hull (Andrew's monotone chain), counter-clockwise. */
export function hull(points: readonly Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o: Point, a: Point, b: Point) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const chain = (list: Point[]) => {
    const out: Point[] = [];
    for (const p of list) {
      while (out.length >= 2 && turn(out[out.length - 2], out[out.length - 1], p) <= 0) out.pop();
      out.push(p);
    }
    out.pop();
    return out;
  };
  return [...chain(sorted), ...chain(sorted.reverse())];
}
