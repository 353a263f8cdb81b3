// An entry of a COCO results file.

import type { CompressedRle, Segmentation } from '../masks';

export interface CocoDetection {
  /** A name in the files of some programs, which has to be replaced by the id of the image. */
  image_id: number | string;
  category_id: number;
  /** x, y, width, height; of an entry without one, that of its mask. */
  bbox?: readonly number[] | null;
  score: number;
  segmentation?: Segmentation | CompressedRle | null;
}
