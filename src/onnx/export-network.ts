// What the export of a kind of detector is given, and what it gives.

import type * as tf from '@tensorflow/tfjs';
import type { Dimension, ElementType } from './graph';
import type { LoweringContext } from './lowering';
import type { GraphDetections } from './selection/suppression';
import type { ParameterNames } from './tape';

export interface ExportInputs {
  /** Images [N, H, W, 3] of each size that is tried. */
  examples: readonly tf.Tensor4D[];
  names: ParameterNames;
  /** The images in the graph, [N, 3, H, W]. */
  image: string;
  /** Asks for the input with the size of each image without its padding, [N, 2]. */
  sizes: () => string;
  /** Adds another input, whose first axis is the batch. */
  input: (name: string, shape: readonly Dimension[], doc: string) => string;
  context: LoweringContext;
  nms: boolean;
}

/** An output besides the batch axis. */
export interface ExportedOutput {
  name: string;
  value: string;
  type: ElementType;
  shape: readonly Dimension[];
  doc: string;
}

export interface NetworkExport {
  /** With NMS. */
  detections?: GraphDetections;
  /** Without, or in addition. */
  outputs?: readonly ExportedOutput[];
  /** Whether boxes are clipped to the images. */
  clips: boolean;
}
