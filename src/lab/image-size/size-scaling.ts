// How the sizes of a config follow another image size: every one is scaled by what the test pipeline's size is scaled by, so
// that multi-scale training, mosaics and test-time augmentation keep their proportions.

import type { ConfigValue } from '../../config';

/** [width, height], as MMDetection writes scales. */
export type Scale = [width: number, height: number];

export class SizeScaling {
  /** @param divisor of canvases: the network's largest stride where nothing pads to it, otherwise 1 */
  constructor(
    readonly old: Scale,
    readonly target: Scale,
    readonly divisor: number,
  ) {}

  private get factors(): Scale {
    return [this.target[0] / this.old[0], this.target[1] / this.old[1]];
  }

  /** Of the longer and of the shorter side. */
  private get sideFactors(): [long: number, short: number] {
    const [{ old, target }] = [this];
    return [Math.max(...target) / Math.max(...old), Math.min(...target) / Math.min(...old)];
  }

  /** [width, height] of a canvas: padded, cropped or stretched to. */
  canvas([w, h]: Scale, divisor = this.divisor): Scale {
    const [x, y] = this.factors;
    return [rounded(w * x, divisor), rounded(h * y, divisor)];
  }

  /** [height, width] of a canvas. */
  heightFirst([h, w]: Scale): Scale {
    const [width, height] = this.canvas([w, h]);
    return [height, width];
  }

  /** A scale that an image is fitted into, keeping its aspect ratio: bounds of the longer and the shorter side, in any order. */
  bounds(scale: Scale): Scale {
    const [[a, b], { old, target, divisor }] = [scale, this];
    const order = Math.sign(a - b) * Math.sign(old[0] - old[1]);
    if (order === 0) return this.canvas(scale);
    const [byLong, byShort] = this.sideFactors;
    const long = rounded(Math.max(a, b) * byLong, divisor);
    const short = Math.min(long, rounded(Math.min(a, b) * byShort, divisor));
    return order > 0 === target[0] >= target[1] ? [long, short] : [short, long];
  }

  /** A shift or border in pixels of [x, y]. */
  offset([x, y]: Scale): Scale {
    const [byX, byY] = this.factors;
    return [Math.trunc(x * byX), Math.trunc(y * byY)];
  }

  /** Sides of crops, whatever the direction: they follow the shorter side of the image. */
  sides(range: Scale): Scale {
    const [, byShort] = this.sideFactors;
    return range.map((side) => rounded(side * byShort, 1)) as Scale;
  }

  /** Heights of batches, multiples of `divisor`. */
  heights(range: Scale, divisor: number): Scale {
    return range.map((height) => rounded(height * this.factors[1], divisor)) as Scale;
  }

  /** The longer side of batches. */
  longSide(side: number): number {
    return rounded(side * this.sideFactors[0], this.divisor);
  }

  /** One number is a square; it becomes a pair where the new size is none. */
  either(value: ConfigValue, scale: (pair: Scale) => Scale): ConfigValue {
    if (typeof value === 'number') {
      const [a, b] = scale([value, value]);
      return a === b ? a : [a, b];
    }
    return isPair(value) ? scale(value) : value;
  }
}

const rounded = (side: number, divisor: number): number =>
  Math.max(divisor, Math.round(Number((side / divisor).toFixed(6))) * divisor);

export const isPair = (value: unknown): value is Scale =>
  Array.isArray(value) && value.length === 2 && value.every((side) => typeof side === 'number');
