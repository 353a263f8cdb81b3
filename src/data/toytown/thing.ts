// An object in the street: its position, outline and drawing.

import type { Point } from './camera';
import type { Lighting } from './lighting';
import type { Brush } from './paint';

export const TOYTOWN_CLASSES = ['car', 'person', 'traffic light'] as const;
export type ToytownClass = (typeof TOYTOWN_CLASSES)[number];

export interface Thing {
  /** Distance in metres; nearer things are drawn over farther ones. */
  z: number;
  /** Undefined for unlabelled objects: trees, lamps, signs. */
  class?: ToytownClass;
  /** Polygons in pixels of the labelled silhouette (without a class: of the occluded area). */
  outline: Point[][];
  draw(brush: Brush, light: Lighting): void;
  /** Glow over the tint: drawn last. */
  glow?(brush: Brush, light: Lighting): void;
}
