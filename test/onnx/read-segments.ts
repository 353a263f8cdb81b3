// Segments of things and stuff as a program reads them that has nothing but the file.

import type * as ort from 'onnxruntime-node';
import { encodeRle, type PanopticSegment, type Rle } from '../../src/masks';
import type { OnnxFile } from '../../src/onnx/export-detector';

/** Of image `i`: its segments by number, and the masks of detections that are segments. */
export function segmentsOf(
  results: ort.InferenceSession.OnnxValueMapType,
  i: number,
  [height, width]: readonly number[],
  { bytes }: OnnxFile,
): { panoptic: PanopticSegment[]; masks?: Rle[] } {
  const text = Buffer.from(bytes).toString('latin1');
  const numThings = Number(/index of its class, below (\d+) of things/.exec(text)![1]);
  const [, , columns] = results.segments.dims;
  const [, count] = results.segment_labels.dims;
  const all = results.segments.data as BigInt64Array;
  const map = all.subarray((i * all.length) / results.segments.dims[0]);
  const labels = results.segment_labels.data as BigInt64Array;
  const scores = results.segment_scores.data as Float32Array;
  const maskOf = (number: bigint) => {
    const bitmap = new Uint8Array(height * width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) bitmap[y * width + x] = map[y * columns + x] === number ? 1 : 0;
    return encodeRle(bitmap, height, width);
  };
  const panoptic = Array.from({ length: count }, (_, k) => k)
    .filter((k) => labels[i * count + k] >= 0n)
    .map((k) => {
      const label = Number(labels[i * count + k]);
      return { label, isThing: label < numThings, score: scores[i * count + k], mask: maskOf(BigInt(k)) };
    });
  const own = results.detection_segments?.data as BigInt64Array | undefined;
  if (!own) return { panoptic };
  const [, rows] = results.detection_segments.dims;
  return { panoptic, masks: [...own.subarray(i * rows, (i + 1) * rows)].filter((number) => number >= 0n).map(maskOf) };
}
