// Data as it flows from disk to the model and back. Boxes are xyxy in pixels, flat Float32Arrays [n * 4].

import type { InstanceMasks, Rle, Segmentation } from '../masks';

export type Pixels = Uint8Array | Float32Array;

/** Pixels, rows top to bottom, channels interleaved in `order`; 8-bit values unless said otherwise. */
export interface PixelImage<P extends Pixels = Uint8Array> {
  data: P;
  width: number;
  height: number;
  order: 'rgb' | 'bgr';
}

/** An image of 8-bit values, or of any (PhotoMetricDistortion leaves fractions). */
export type AnyImage = PixelImage<Pixels>;

export interface Truths {
  bboxes: Float32Array;
  labels: Int32Array;
  /** 1 where the box is a crowd or difficult: neither to be learnt nor to be missed. */
  ignored: Uint8Array;
  /** One mask for each box, where they were loaded (LoadAnnotations with `with_mask`). */
  masks?: InstanceMasks;
}

/** Regions computed beforehand, for detectors without a region proposal network. */
export interface ProposalBoxes {
  bboxes: Float32Array;
  scores: Float32Array;
}

/** One image of a data set before it is read. */
export interface ImageRecord {
  id: number;
  /** Absolute path. */
  path: string;
  width: number;
  height: number;
  truths: Truths;
  /** COCO areas of the truths (segment area where known), used by the evaluation's size ranges. */
  areas: Float32Array;
  /** What the file says of each truth's outline, where it says anything. */
  segmentations?: (Segmentation | undefined)[];
  proposals?: ProposalBoxes;
  /** [height, width] that images of one evaluation batch share (`batch_shapes_cfg`). */
  batchShape?: [number, number];
  /** Annotation ids, for messages. */
  annotationIds: (number | string)[];
}

/** Something wrong with the data, by file and id. The run goes on without it. */
export interface DataProblem {
  kind:
    | 'missing-image'
    | 'unreadable-image'
    | 'box-outside'
    | 'zero-area'
    | 'unknown-category'
    | 'empty-annotation'
    | 'bad-annotation';
  file: string;
  id?: number | string;
  message: string;
}

export interface Dataset {
  name: string;
  classes: string[];
  records: ImageRecord[];
  problems: DataProblem[];
}

/** MMDetection's metainfo of one sample. Shapes are [height, width]; scale factors are [w, h]. */
export interface ImageMeta {
  imgId: number;
  imgPath: string;
  oriShape: [number, number];
  imgShape: [number, number];
  scaleFactor: [number, number];
  /** Pixels added by letter-boxing: top, bottom, left, right. */
  padParam?: [number, number, number, number];
  flip: boolean;
  flipDirection?: 'horizontal' | 'vertical' | 'diagonal';
}

/** What PackDetInputs gives: the pixels the model sees and the truths in their frame. */
export interface PackedSample {
  image: AnyImage;
  meta: ImageMeta;
  truths: Truths;
  /** In the frame of the pixels. */
  proposals?: ProposalBoxes;
}

/** Detections of one image, best first; boxes xyxy. */
export interface Detections {
  bboxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
  /** One for each box, of a detector that predicts masks; in the frame of the boxes. */
  masks?: Rle[];
}
