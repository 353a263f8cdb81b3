// The contract between consecutive stages of a model: channels and stride of each feature level.

/** Shape of one feature level, passed from stage to stage so that `in_channels` can be inferred. */
export interface FeatureSpec {
  channels: number;
  stride: number;
  /** [H, W] where it is fixed: RoI features. */
  size?: [number, number];
}
