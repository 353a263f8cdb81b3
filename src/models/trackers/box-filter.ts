// The Kalman filter of a tracked box: centre, aspect ratio and height, each with its velocity. MMDetection's KalmanFilter (of
// DeepSORT, Wojke et al., ICIP 2017). Its matrices couple no two coordinates, so that it is four filters of two states. With a
// noise that a sure detection lowers it is the NSA Kalman filter (Du et al., GIAOTracker, ICCVW 2021).

/** Centre x and y, width by height, height. */
export type BoxState = [x: number, y: number, aspect: number, height: number];

/** Noise relative to the height, of a position and of a velocity; an aspect ratio has noise of its own. */
const POSITION = 1 / 20;
const VELOCITY = 1 / 160;
const ASPECT = 2;
const HEIGHT = 3;

interface Coordinate {
  value: number;
  velocity: number;
  /** Covariance of value and velocity: [value, value], [value, velocity], [velocity, velocity]. */
  vv: number;
  vw: number;
  ww: number;
}

const square = (v: number): number => v * v;
const measurementDeviation = (i: number, h: number): number => (i === ASPECT ? 1e-1 : POSITION * h);

export class BoxFilter {
  private coordinates: Coordinate[];

  constructor(box: Readonly<BoxState>) {
    const h = box[HEIGHT];
    this.coordinates = box.map((value, i) => ({
      value,
      velocity: 0,
      vv: square(i === ASPECT ? 1e-2 : 2 * POSITION * h),
      vw: 0,
      ww: square(i === ASPECT ? 1e-5 : 10 * VELOCITY * h),
    }));
  }

  get box(): BoxState {
    return this.coordinates.map(({ value }) => value) as BoxState;
  }

  /** A filter in the same state, which goes on by itself. */
  clone(): BoxFilter {
    const copy = new BoxFilter(this.box);
    copy.coordinates = this.coordinates.map((one) => ({ ...one }));
    return copy;
  }

  /** One frame on. */
  predict(): void {
    const h = this.coordinates[HEIGHT].value;
    for (const [i, one] of this.coordinates.entries()) {
      one.vv += 2 * one.vw + one.ww + square(i === ASPECT ? 1e-2 : POSITION * h);
      one.vw += one.ww;
      one.ww += square(i === ASPECT ? 1e-5 : VELOCITY * h);
      one.value += one.velocity;
    }
  }

  /** Corrects the state by a measured box. @param noise factor on the deviation of the measurement */
  update(measured: Readonly<BoxState>, noise = 1): void {
    const h = this.coordinates[HEIGHT].value;
    for (const [i, one] of this.coordinates.entries()) {
      const whole = one.vv + square(noise * measurementDeviation(i, h));
      const [gain, gainOfVelocity] = [one.vv / whole, one.vw / whole];
      const innovation = measured[i] - one.value;
      one.value += gain * innovation;
      one.velocity += gainOfVelocity * innovation;
      one.ww -= gainOfVelocity * one.vw;
      one.vw -= gain * one.vw;
      one.vv -= gain * one.vv;
    }
  }

  /** Squared Mahalanobis distance to a measured box, or to its centre alone. */
  distance(measured: Readonly<BoxState>, centerOnly = false): number {
    const h = this.coordinates[HEIGHT].value;
    return this.coordinates
      .slice(0, centerOnly ? 2 : 4)
      .reduce(
        (sum, { value, vv }, i) => sum + square(measured[i] - value) / (vv + square(measurementDeviation(i, h))),
        0,
      );
  }

  /** The box is elsewhere in the image, since the camera has moved; velocities and covariances stay. */
  moveTo(box: Readonly<BoxState>): void {
    for (const [i, one] of this.coordinates.entries()) one.value = box[i];
  }

  /** The height is not extrapolated: of a track that was lost. */
  stopGrowing(): void {
    this.coordinates[HEIGHT].velocity = 0;
  }
}
