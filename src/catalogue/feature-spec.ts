// The contract between consecutive stages of a model: channels and stride of each feature level.

/** Shape of one feature level, passed from stage to stage so that `in_channels` can be inferred. */
export interface FeatureSpec {
  channels: number;
  stride: number;
  /** [H, W] where it is fixed: RoI features. */
  size?: [number, number];
  /** Where the map of that stride is pooled: under a window of [H, W] every so many rows and columns, or wholly. */
  pooled?: 'wholly' | { window: [number, number]; step: [number, number] };
}
