// The images on which two evaluated detectors differ most, side by side: the boxes of the one, then those of the other.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { classifyErrors, errorInput, KINDS } from '../analysis/error-kinds';
import { imageAps } from '../analysis/image-ap';
import type { RankedMatches } from '../analysis/ranked-matches';
import { decodeImage } from '../data';
import type { EvaluatedImage, EvaluationResults } from '../evaluation';
import { signed } from '../visualization/difference-table';
import { type LiveBox, type LiveImage, LiveImages } from '../visualization/live-images';
import { classColours } from './class-colours';

export interface ComparedSide {
  name: string;
  results: EvaluationResults;
  matches: RankedMatches;
}

/** Positions of the images by the difference of their APs, the largest first; those without objects, and those alike, are left out. */
export function mostDifferent(first: RankedMatches, second: RankedMatches): { image: number; difference: number }[] {
  const [a, b] = [imageAps(first), imageAps(second)];
  return Array.from(a, (value, image) => ({ image, difference: b[image] - value }))
    .filter(({ difference }) => Math.abs(difference) > 0)
    .sort((p, q) => Math.abs(q.difference) - Math.abs(p.difference) || p.image - q.image);
}

/** @param count images; each is stored once, and shown with the boxes of the first on the left, of the second on the right */
export function comparedImages(first: ComparedSide, second: ComparedSide, count: number): LiveImages {
  const aps = [first, second].map(({ matches }) => imageAps(matches));
  const shown = mostDifferent(first.matches, second.matches)
    .filter(({ image }) => existsSync(first.results.images[image].record.path))
    .slice(0, count);
  const [left, right] = [first, second].map(({ results }) =>
    boxesOf({ ...results, images: shown.map(({ image }) => results.images[image]) }),
  );
  const images = shown.map(({ image, difference }, i): LiveImage => {
    const frame = frameOf(first.results.images[image]);
    const [a, b] = aps.map((of) => of[image].toFixed(3));
    return {
      ...frame,
      boxes: [
        ...left[i].map((box) => ({ ...box, side: 'left' as const })),
        ...right[i].map((box) => ({ ...box, side: 'right' as const })),
      ],
      caption: `${frame.source}: AP of ${first.name} ${a} (left), ${second.name} ${b} (${signed(difference)}, right)`,
    };
  });
  return new LiveImages(images, {
    ...classColours(first.results.dataset),
    title: `images on which ${first.name} and ${second.name} differ most`,
    sideBySide: true,
    sides: [first.name, second.name],
    limit: Math.max(1, shown.length),
  });
}

function frameOf({ record }: EvaluatedImage): Pick<LiveImage, 'source' | 'pixels' | 'width' | 'height' | 'skeleton'> {
  const { path: source, id, width, height, keypoints } = record;
  return {
    source: path.basename(source),
    pixels: () => decodeImage(source, id),
    width,
    height,
    skeleton: keypoints?.skeleton,
  };
}

/** Per image, its detections by kind, and the objects that are missed. */
function boxesOf(results: EvaluationResults): LiveBox[][] {
  const { detections, truths } = classifyErrors(errorInput(results));
  const boxes: LiveBox[][] = results.images.map(() => []);
  for (let row = 0; row < detections.count; row++) {
    const { detections: found } = results.images[detections.image[row]];
    const i = detections.index[row];
    const points = (found.keypoints?.length ?? 0) / Math.max(1, found.labels.length);
    boxes[detections.image[row]].push({
      bbox: [...found.bboxes.subarray(4 * i, 4 * i + 4)],
      label: found.labels[i],
      score: found.scores[i],
      state: detections.ignored[row] ? 'ignored' : KINDS[detections.cause[row]],
      iou: detections.iou[row] > 0 ? detections.iou[row] : undefined,
      ...(found.masks ? { mask: found.masks[i] } : {}),
      ...(found.keypoints && { keypoints: [...found.keypoints.subarray(points * i, points * (i + 1))] }),
    });
  }
  for (let row = 0; row < truths.count; row++) {
    if (KINDS[truths.kind[row]] !== 'missed') continue;
    const { record } = results.images[truths.image[row]];
    const g = truths.index[row];
    const bbox = [...record.truths.bboxes.subarray(4 * g, 4 * g + 4)];
    boxes[truths.image[row]].push({ bbox, label: record.truths.labels[g], state: 'missed' });
  }
  return boxes;
}
