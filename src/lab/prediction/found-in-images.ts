// What is detected in the images of a dataset, in their order.

import type { DataProblem } from '../../data';
import type { Detections } from '../../data/types';

/** What was detected in an image of a dataset, or why it could not be read. */
export type FoundInImage =
  | {
      imageId: number;
      detections: Detections;
      /** All that was detected, where a tracker has left some of it out. */
      untracked?: Detections;
    }
  | DataProblem;

/** Some images at a time; undefined when it was stopped within them. */
export type FoundInImages = AsyncGenerator<FoundInImage[] | undefined>;
