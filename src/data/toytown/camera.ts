// A pinhole camera on a straight street: metres to pixels. X to the right, Y up, Z away from the viewer, ground plane Y = 0;
// lines along Z meet in the vanishing point.

import type { Random } from '../../random';

export type Point = [number, number];

export class Camera {
  private constructor(
    readonly width: number,
    readonly height: number,
    /** Vanishing point, pixels. */
    readonly vanishing: Point,
    private readonly focal: number,
    private readonly eye: number,
  ) {}

  static random(width: number, height: number, random: Random): Camera {
    const vanishing: Point = [width * random.uniform(0.38, 0.62), height * random.uniform(0.36, 0.48)];
    return new Camera(
      width,
      height,
      vanishing,
      Math.max(width, 1.2 * height) * random.uniform(0.82, 0.98),
      random.uniform(1.9, 2.7),
    );
  }

  /** Pixels per metre at distance `z`. */
  scale(z: number): number {
    return this.focal / z;
  }

  project(x: number, y: number, z: number): Point {
    const s = this.scale(z);
    return [this.vanishing[0] + x * s, this.vanishing[1] + (this.eye - y) * s];
  }

  /** Distance of the nearest visible ground. */
  get nearest(): number {
    return (this.focal * this.eye) / (this.height - this.vanishing[1]);
  }
}
