// `report.gallery()`: the evaluated images as live data, each box with its kind of error and the truth it met.

import { classifyErrors, type ErrorKindOptions, errorInput } from '../analysis/error-kinds';
import { apByImage } from '../analysis/image-ap';
import type { EvaluationResults } from '../evaluation';
import type { DrawingOptions } from '../visualization/drawing-options';
import { LiveImages } from '../visualization/live-images';
import { classColours } from './class-colours';
import { evaluatedImage } from './evaluated-images';

/** How detections are sorted into kinds of error, and drawn. */
export type ReportGalleryOptions = DrawingOptions & ErrorKindOptions;

/** In the order of evaluation, unless `sortBy` is `AP` or `-AP`. @throws DetLabError for an unknown option */
export function reportGallery(
  results: EvaluationResults,
  { iou, background, masks, maxDetections, ...drawing }: ReportGalleryOptions = {},
): LiveImages {
  const input = errorInput(results);
  const rows = classifyErrors(input, { iou, background, masks, maxDetections });
  const aps = drawing.sortBy === undefined ? undefined : apByImage(results, rows, input);
  const values = aps && ((image: number) => ({ AP: aps[image] }));
  return new LiveImages(
    results.images.map((_, image) => evaluatedImage({ results, rows, values }, image)),
    { ...classColours(results.dataset), title: `images of ${results.dataset.name}`, ...drawing },
  );
}
