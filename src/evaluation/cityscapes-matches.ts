// What detected masks and the instances of an image have in common, by Cityscapes' evaluation: pixels of each detection that
// are void, and of each instance of its label. Groups (`cargroup`) are instances whose id is that of the label.

import { DetLabError } from '../errors';
import type { Rle } from '../masks';
import { CITYSCAPES_LABELS } from '../masks/cityscapes-labels';
import type { LabelMap } from '../masks/label-map';

/** An instance of the ground truth, or a group. */
export interface CityscapesInstance {
  /** 1000 * label + number; of a group the label. */
  instID: number;
  labelID: number;
  pixelCount: number;
}

export interface CityscapesPrediction {
  /** Its place among the detections of the image. */
  index: number;
  labelID: number;
  pixelCount: number;
  confidence: number;
  voidIntersection: number;
  /** Instances of its label, groups among them, that share pixels with it. */
  matchedGt: { instance: CityscapesInstance; intersection: number }[];
}

/** An image, by label: name of the label -> instances in the order of their ids, and predictions. */
export interface CityscapesMatches {
  groundTruth: Map<string, CityscapesInstance[]>;
  prediction: Map<string, CityscapesPrediction[]>;
}

export interface CityscapesDetection {
  labelID: number;
  confidence: number;
  mask: Rle;
}

/** From this id on an instance is a single object. */
const FIRST_INSTANCE = 1000;

export const isGroup = ({ instID }: CityscapesInstance): boolean => instID < FIRST_INSTANCE;

/**
 * @param file of the map, for errors
 * @throws DetLabError for an id that is no label's, and for masks of another size
 */
export function cityscapesMatches(
  map: LabelMap,
  detections: readonly CityscapesDetection[],
  file: string,
): CityscapesMatches {
  const { ids, places, counts } = columnsOf(map);
  const instances = ids.map((instID, i) => instanceOf(instID, counts[i], file));
  const isVoid = ids.map((id) => CITYSCAPES_LABELS[id]?.isVoid ?? false);
  const evaluated = CITYSCAPES_LABELS.filter((label) => label.isEvaluated);
  const groundTruth = new Map(
    evaluated.map(({ id, name }) => [name, instances.filter(({ labelID }) => labelID === id)]),
  );
  const prediction = new Map<string, CityscapesPrediction[]>(evaluated.map(({ name }) => [name, []]));
  const shared = new Uint32Array(ids.length);
  for (const [index, { labelID, confidence, mask }] of detections.entries()) {
    const list = prediction.get(CITYSCAPES_LABELS[labelID].name);
    if (!list) continue; // of a label that is not evaluated
    if (mask.height !== map.height || mask.width !== map.width)
      throw new DetLabError(
        `Cannot evaluate detection ${index}: expected a mask of ${map.height} x ${map.width}, the size of "${file}", ` +
          `received ${mask.height} x ${mask.width}`,
      );
    const pixelCount = countPixels(mask, places, shared);
    if (pixelCount === 0) continue;
    let voidIntersection = 0;
    const matchedGt: CityscapesPrediction['matchedGt'] = [];
    for (const [i, intersection] of shared.entries()) {
      if (intersection === 0) continue;
      if (isVoid[i]) voidIntersection += intersection;
      if (instances[i].labelID === labelID) matchedGt.push({ instance: instances[i], intersection });
    }
    list.push({ index, labelID, pixelCount, confidence, voidIntersection, matchedGt });
  }
  return { groundTruth, prediction };
}

function instanceOf(instID: number, pixelCount: number, file: string): CityscapesInstance {
  const labelID = instID < FIRST_INSTANCE ? instID : Math.floor(instID / 1000);
  if (!CITYSCAPES_LABELS[labelID])
    throw new DetLabError(
      `Cannot use the ids of "${file}": ${instID} is of label ${labelID}, expected 0 to ${CITYSCAPES_LABELS.length - 1}. ` +
        'Give the file of instance ids (gtFine_instanceIds.png)',
    );
  return { instID, labelID, pixelCount };
}

/** The ids in ascending order with their pixels, and each pixel's place among them, column by column as masks have it. */
function columnsOf({ data, width, height }: LabelMap): { ids: number[]; counts: number[]; places: Uint16Array } {
  const counts = new Uint32Array(2 ** 16);
  for (const id of data) counts[id]++;
  const ids: number[] = [];
  const placeOf = new Uint16Array(2 ** 16);
  for (const [id, count] of counts.entries()) {
    if (count === 0) continue;
    placeOf[id] = ids.length;
    ids.push(id);
  }
  const places = new Uint16Array(data.length);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) places[x * height + y] = placeOf[data[i]];
  return { ids, counts: ids.map((id) => counts[id]), places };
}

/** Counts a mask's pixels by place; returns how many they are. */
function countPixels({ counts }: Rle, places: Uint16Array, shared: Uint32Array): number {
  shared.fill(0);
  let pixels = 0;
  for (let run = 0, at = 0; run < counts.length; at += counts[run], run++) {
    if (run % 2 === 0) continue;
    const end = at + counts[run];
    for (let i = at; i < end; i++) shared[places[i]]++;
    pixels += counts[run];
  }
  return pixels;
}
