// A thing that stands in the street: where it is, what it covers, how it is drawn.

import type { Point } from './camera';
import type { Lighting } from './lighting';
import type { Brush } from './paint';

export const TOYTOWN_CLASSES = ['car', 'person', 'traffic light'] as const;
export type ToytownClass = (typeof TOYTOWN_CLASSES)[number];

export interface Thing {
  /** Distance in metres; nearer things are drawn over farther ones. */
  z: number;
  /** Undefined for things that are not to be found: trees, lamps, signs. */
  class?: ToytownClass;
  /** Polygons in pixels that make up the labelled silhouette (or, without a class, what it covers). */
  outline: Point[][];
  draw(brush: Brush, light: Lighting): void;
  /** Light that shines through the tint: drawn last. */
  glow?(brush: Brush, light: Lighting): void;
}
