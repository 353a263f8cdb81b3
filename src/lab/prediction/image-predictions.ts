// What predictions of one image are to those that write them.

import type { PixelImage } from '../../data';
import type { Skeleton } from '../../geometry/skeleton';
import type { Rle } from '../../masks';
import type { DrawingOptions } from '../../visualization/drawing-options';

/** A detection: its class, score and box in pixels of the image. */
export interface Prediction {
  label: string;
  /** 0 to 1. */
  score: number;
  /** x1, y1, x2, y2 in the image's pixels. */
  bbox: [number, number, number, number];
  /** Of a rotated box, which `bbox` is around: center x, center y, width, height, angle in radians, clockwise. */
  rbox?: [number, number, number, number, number];
  /** Identity of the object over the frames of a video, with `track`. */
  id?: number;
  /** Run-length encoded mask of the image's size, if the model predicts masks. */
  mask?: Rle;
  /** x, y in the image's pixels and score of each keypoint, if the model predicts keypoints. */
  keypoints?: number[];
}

/** A segment of an image that is divided into such: an object, or the region of a class. */
export interface PredictedSegment {
  label: string;
  /** Whether it is an object. */
  isThing: boolean;
  /** 0 to 1; absent of regions to which the model gives none. */
  score?: number;
  /** Run-length encoded, of the image's size. */
  mask: Rle;
}

export interface PredictedFrom {
  /** Absolute path of the image file, where there is one. */
  file?: string;
  /** Of a frame: seconds from the start, and the frames a second. */
  time?: number;
  fps?: number;
  /** What the keypoints are, where the config or the data say it. */
  skeleton?: Skeleton;
}

export interface ImagePredictions extends ReadonlyArray<Prediction> {
  /** Of a model that divides the image into such. */
  readonly segments?: readonly PredictedSegment[];
  /** Path or address of the image, or `image` for pixels and bytes. */
  readonly source: string;
  readonly from: PredictedFrom;
  readonly width: number;
  readonly height: number;
  readonly classes: readonly string[];
  /** Minimum score of the boxes that are drawn. */
  readonly threshold: number;
  pixels(): Promise<PixelImage>;
  /** PNG of the image with its boxes and masks. */
  draw(drawing?: DrawingOptions): Promise<Buffer>;
  /** RGBA of the image, or of its pixels that are known, with its boxes and masks. */
  frame(pixels?: PixelImage, threshold?: number): Promise<{ data: Uint8Array; width: number; height: number }>;
}
