// What one stage of a model says of the features it gives to the next.

/** Shape of one feature level: what a stage tells the next, so that nobody types `in_channels`. */
export interface FeatureSpec {
  channels: number;
  stride: number;
  /** [H, W] where it is always the same: features pooled from a region. */
  size?: [number, number];
}
