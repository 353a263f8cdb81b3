// A small semi-supervised detector against MMDetection's: what the teacher finds in the student's view, losses, gradients, and the
// detections of both (generate/semi_models.py).

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { PackedSample } from '../../../src/data/types';
import { buildDetector } from '../../../src/models/build';
import type { PseudoInstances } from '../../../src/models/detectors/pseudo-instances';
import { SemiBaseDetector } from '../../../src/models/detectors/semi-base-detector';
import { torchShape } from '../../../src/nn';
import { disposeBatch } from '../../../src/training/dispose-batch';
import { expectClose, fillByFormula, goldenJson, image } from '../../golden-data';
import { checkTraining, goldenNumbers } from './check-small-model';

interface Found {
  bboxes: number[][];
  scores: number[];
  labels: number[];
  uncertainties?: number[];
}
interface SemiModels {
  extra_rules: [string, number][];
  truths: { bboxes: number[][]; labels: number[] }[];
  ori_shape: [number, number];
  views: Record<'unsup_teacher' | 'unsup_student', number[][][]>;
  models: Record<
    string,
    {
      config: ModuleConfig;
      params?: [string, number[]][];
      found: Found[];
      losses: Record<string, number>;
      grad_norms: Record<string, number>;
      detections?: Record<'teacher' | 'student', Found[]>;
    }
  >;
}
const [H, W] = [96, 128];

/** The formula image; upside down, and mirrored. */
function pixels(turned: boolean, mirrored: boolean): Uint8Array {
  const data = image(H, W);
  return data.map((_, i) => {
    const [y, x, c] = [Math.floor(i / 3 / W), Math.floor(i / 3) % W, i % 3];
    return data[((turned ? H - 1 - y : y) * W + (mirrored ? W - 1 - x : x)) * 3 + c];
  });
}

function viewOf(
  { truths, ori_shape, views }: SemiModels,
  i: number,
  branch: 'sup' | keyof SemiModels['views'],
): PackedSample {
  const { bboxes, labels } = branch === 'sup' ? truths[i] : { bboxes: [], labels: [] };
  return {
    image: { data: pixels(i === 1, branch === 'unsup_student'), width: W, height: H, order: 'bgr' },
    meta: {
      imgId: i,
      imgPath: `formula ${i}`,
      oriShape: ori_shape,
      imgShape: [H, W],
      scaleFactor: [1, 0.5],
      flip: false,
      ...(branch !== 'sup' && { homography: Float32Array.from(views[branch][i].flat()) }),
    },
    truths: {
      bboxes: Float32Array.from(bboxes.flat()),
      labels: Int32Array.from(labels),
      ignored: new Uint8Array(labels.length),
    },
  };
}

function expectFound(
  own: Found | PseudoInstances,
  { bboxes, scores, labels, uncertainties }: Found,
  what: string,
): void {
  expect([...own.labels], what).toEqual(labels);
  expectClose([...own.scores], scores, 1e-5, what);
  expectClose([...own.bboxes].flat(), bboxes.flat(), 5e-3, what);
  if (uncertainties) expectClose(own.uncertainties ?? [], uncertainties, 1e-5, `${what}, uncertainties`);
}

/** Records what reaches the student. */
function spied(detector: SemiBaseDetector): PseudoInstances[] {
  const seen: PseudoInstances[] = [];
  const inner = detector as unknown as { seenByStudent(...given: unknown[]): PseudoInstances[] };
  const compute = inner.seenByStudent.bind(detector);
  inner.seenByStudent = (...given) => {
    const result = compute(...given);
    seen.splice(0, seen.length, ...result);
    return result;
  };
  return seen;
}

export function checkSemiDetector(name: string): void {
  const golden = goldenJson<SemiModels>('semi_models');
  const expected = golden.models[name];
  const detector = buildDetector(expected.config) as SemiBaseDetector;
  expect(detector).toBeInstanceOf(SemiBaseDetector);
  if (expected.params) expect([...detector.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.params);
  fillByFormula(detector, '', golden.extra_rules);
  detector.train();
  const seen = spied(detector);
  // as batches have them: of one image all labels, of another both views
  const labelled = [0, 1].map((i) => ({ ...viewOf(golden, i, 'sup'), branches: { sup: viewOf(golden, i, 'sup') } }));
  const others = [0, 1].map((i) => {
    const [weak, strong] = (['unsup_teacher', 'unsup_student'] as const).map((branch) => viewOf(golden, i, branch));
    return { ...weak, branches: { unsup_teacher: weak, unsup_student: strong } };
  });
  const batch = detector.preprocess([labelled[0], others[0], labelled[1], others[1]]);
  checkTraining(detector, batch, expected);
  for (const [i, one] of expected.found.entries()) expectFound(seen[i], one, `image ${i} of the teacher`);
  // anchors are kept, and frozen norms
  const again = () => tf.tidy(() => void detector.loss(batch, { random: goldenNumbers(), epoch: 0, iteration: 0 }));
  again();
  const before = tf.memory().numTensors;
  again();
  expect(tf.memory().numTensors, 'tensors left by a step').toBe(before);
  disposeBatch(batch);
  detector.eval();
  const images = detector.preprocess([0, 1].map((i) => viewOf(golden, i, 'sup')));
  for (const twin of ['teacher', 'student'] as const) {
    if (!expected.detections) break;
    detector.predictsBy = twin;
    const results = tf.tidy(() => {
      const all = detector.predict(images);
      return all as never;
    }) as unknown as Found[];
    for (const [i, one] of expected.detections[twin].entries())
      expectFound(results[i], one, `image ${i} by the ${twin}`);
  }
  disposeBatch(images);
  detector.dispose();
}
