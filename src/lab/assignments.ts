// `recipe.assignments(data, { image })`: which anchors, points, proposals or queries the recipe's own assigner gives each truth
// of a training image. The assignments are those of one real training step; heads report them while they compute their losses.

import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { assignmentCounts, type TruthAssignment } from '../analysis/assignment-counts';
import { SIZES, sizeOf } from '../analysis/truth-losses';
import type { PackedSample } from '../data';
import { DetLabError } from '../errors';
import type { Assignment, AssignmentWatch, Detector } from '../models/types';
import { withStepRandom } from '../nn/step-random';
import { Random } from '../random';
import { disposeBatch } from '../training/dispose-batch';
import { hatchedPadding } from '../visualization/hatched-padding';
import { LiveFigures } from '../visualization/live-figures';
import { type LiveBox, type LiveImage, LiveImages, type LivePoint } from '../visualization/live-images';
import type { Table } from '../visualization/table';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import type { LabDataset } from './lab-dataset';
import { tracerOf } from './pipeline-steps';
import { type InputOptions, imageIndex, trainingInput } from './training-input';

/** Which images `recipe.assignments` looks at. */
export interface AssignmentsOptions extends InputOptions {
  /** Number of the training image from 0, or its file name. Default 0. */
  image?: number | string;
  /** The epoch whose random numbers and assigner are used; the first is 1. */
  epoch?: number;
}

/** Anchors are outlined up to so many; beyond that only their centers are drawn. */
const OUTLINED = 60;

/** Which priors each truth was given, drawn on the images. */
export class Assignments extends LiveFigures {
  /** Class of each truth. */
  private readonly names: readonly string[];

  constructor(
    readonly file: string,
    /** By head, stage or layer. Boxes are in pixels of the network's input. */
    readonly assignments: readonly Assignment[],
    sample: PackedSample,
    readonly classes: readonly string[],
    note: string,
  ) {
    const names = truthNames(sample, classes);
    const counted = assignments.map((one) => ({ one, counts: countsOf(one) }));
    const missed = counted.map(({ one, counts }) => missedText(one, counts, names));
    super({
      what: 'assignments',
      title: `${path.basename(file)}: what the assigner gives each truth${note ? ` (${note})` : ''}`,
      images: new LiveImages(
        counted.map(({ one, counts }, i) => imageOf(one, counts, sample, missed[i], names)),
        {
          // a switch and a colour for each truth
          classes: names.map((name, t) => `${t + 1} ${name}`),
          title: 'assignments',
          color: 'class',
          columns: Math.min(2, Math.max(1, counted.length)),
          storedSide: 720,
        },
      ),
      tables: counted.map(({ one, counts }, i) => tableOf(one, counts, missed[i], names)),
      data: counted.map(({ one, counts }) => ({
        source: one.source,
        form: one.form,
        strides: one.strides,
        truths: counts.map((count, t) => ({
          class: names[t],
          bbox: [...boxOf(one.boxes, t)],
          ...count,
          priors: [...one.truths.keys()].flatMap((k) =>
            one.truths[k] === t
              ? [{ index: one.indices[k], at: [...boxOf(one.priors, k)], level: one.levels?.[k] }]
              : [],
          ),
        })),
      })),
    });
    this.names = names;
    for (const key of ['file', 'assignments', 'classes', 'names'])
      Object.defineProperty(this, key, { enumerable: false });
  }

  /** Truths that were given nothing, by head, stage or layer. */
  get missed(): { source: string; class: string; bbox: number[] }[] {
    return this.assignments.flatMap((one) =>
      countsOf(one).flatMap(({ total }, t) =>
        total > 0 ? [] : [{ source: one.source, class: this.names[t], bbox: [...boxOf(one.boxes, t)] }],
      ),
    );
  }
}

const boxOf = (boxes: Float32Array, k: number): Float32Array => boxes.subarray(4 * k, 4 * k + 4);

const countsOf = (one: Assignment): TruthAssignment[] =>
  assignmentCounts(one, one.labels.length, one.strides?.length ?? 0);

/** Class names of the truths that are assigned: a first stage knows only that they are objects. */
const truthNames = ({ truths: { labels, ignored } }: PackedSample, classes: readonly string[]): string[] =>
  [...labels].flatMap((label, t) => (ignored[t] === 1 ? [] : [classes[label] ?? String(label)]));

const sidesOf = ({ boxes }: Assignment, t: number): [number, number] => {
  const [x1, y1, x2, y2] = boxOf(boxes, t);
  return [x2 - x1, y2 - y1];
};

function missedText(one: Assignment, counts: readonly TruthAssignment[], names: readonly string[]): string {
  const missed = counts.flatMap(({ total }, t) => (total === 0 ? [t] : []));
  const noun = one.form === 'queries' ? 'query' : one.form.slice(0, -1);
  if (missed.length === 0) return `every truth has ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
  const named = missed.slice(0, 4).map((t) => {
    const [w, h] = sidesOf(one, t);
    return `#${t + 1} ${names[t]} (${w.toFixed(0)} × ${h.toFixed(0)})`;
  });
  const rest = missed.length > 4 ? ` and ${missed.length - 4} more` : '';
  return `${missed.length} of ${counts.length} truths have no ${noun}: ${named.join(', ')}${rest}`;
}

/** Of assigners by overlap: the others report none, or zeros. */
const overlapsOf = ({ overlaps }: Assignment): Float32Array | undefined =>
  overlaps?.some((overlap) => overlap > 0) ? overlaps : undefined;

function tableOf(one: Assignment, counts: readonly TruthAssignment[], missed: string, names: readonly string[]): Table {
  const { strides = [], form, source } = one;
  const overlaps = overlapsOf(one);
  const sampled = counts.some((count) => count.sampled !== count.total);
  const right = (title: string) => ({ title, align: 'right' as const });
  const blank = (count: number) => (count === 0 ? '' : String(count));
  return {
    title: `${source}: ${one.indices.length} ${form} for ${counts.length} truths`,
    columns: [
      right('#'),
      { title: 'class' },
      right('width × height'),
      { title: 'size' },
      right(form),
      ...strides.map((stride) => right(`stride ${stride}`)),
      ...(sampled ? [right('sampled')] : []),
      ...(overlaps ? [right('best IoU')] : []),
    ],
    rows: counts.map((count, t) => {
      const [w, h] = sidesOf(one, t);
      return [
        String(t + 1),
        names[t],
        `${w.toFixed(1)} × ${h.toFixed(1)}`,
        SIZES[sizeOf(w * h)],
        count.total === 0 ? 'none' : String(count.total),
        ...count.byLevel.map(blank),
        ...(sampled ? [blank(count.sampled)] : []),
        ...(overlaps ? [count.bestOverlap === undefined ? '' : count.bestOverlap.toFixed(2)] : []),
      ];
    }),
    strong: counts.flatMap(({ total }, t) => (total === 0 ? [t] : [])),
    note: one.numTruths ? `${missed}; the truths themselves, which are proposals too, are not counted` : missed,
  };
}

function imageOf(
  one: Assignment,
  counts: readonly TruthAssignment[],
  { image, meta }: PackedSample,
  missed: string,
  names: readonly string[],
): LiveImage {
  const { indices, truths, priors, form, levels, strides, source } = one;
  const overlaps = overlapsOf(one);
  const unit = Math.max(image.width, image.height) / 360;
  const outlined = form !== 'points' && indices.length <= OUTLINED;
  const hint = (k: number) =>
    [
      `${form === 'queries' ? 'query' : form.slice(0, -1)} ${indices[k]} of ${truths[k] + 1} ${names[truths[k]]}`,
      ...(levels && strides ? [`stride ${strides[levels[k]]}`] : []),
      ...(overlaps ? [`IoU ${overlaps[k].toFixed(2)}`] : []),
    ].join('\n');
  const all = [...indices.keys()];
  const points = all.map((k): LivePoint => {
    const [a, b, c, d] = boxOf(priors, k);
    const [x, y] = form === 'points' ? [a, b] : [(a + c) / 2, (b + d) / 2];
    return { x, y, radius: unit * (1.6 + 0.8 * (levels?.[k] ?? 0)), label: truths[k], text: hint(k) };
  });
  const assigned = outlined
    ? all.map((k): LiveBox => ({ bbox: [...boxOf(priors, k)], label: truths[k], minor: true, note: hint(k) }))
    : [];
  const boxes = counts.map(({ total, byLevel }, t): LiveBox => {
    const given = total === 0 ? 'none' : String(total);
    return {
      bbox: [...boxOf(one.boxes, t)],
      label: t,
      ...(total === 0 && { dashed: true, text: `${t + 1} ${names[t]}: none` }),
      note: `${form}: ${given}${levels && total > 0 ? `; by level ${byLevel.join(', ')}` : ''}`,
    };
  });
  return {
    source,
    caption: `${source}: ${indices.length} ${form}; ${missed}`,
    pixels: hatchedPadding(image, meta.imgShape),
    width: image.width,
    height: image.height,
    boxes: [...assigned, ...boxes],
    points,
  };
}

/** Runs one training step of the detector on a sample and collects what its assigners do. Nothing is trained. */
export function watchAssignments(detector: Detector, sample: PackedSample, epoch: number, seed: number): Assignment[] {
  const found = new Map<string, Assignment>();
  const watch: AssignmentWatch = {
    assigned(assignment) {
      found.set(assignment.source, assignment);
    },
    kept(source, _, indices) {
      const all = found.get(source);
      if (all) found.set(source, keptOnly(all, indices));
    },
  };
  const random = Random.seeded(seed);
  const batch = detector.preprocess([sample]);
  try {
    tf.tidy(() => {
      withStepRandom(random, () => detector.loss(batch, { random, epoch, iteration: 0, watch }));
    });
  } finally {
    disposeBatch(batch);
  }
  return [...found.values()].map(withoutTruths);
}

/** Without the ground truth itself, which is among the proposals of most second stages. */
function withoutTruths(all: Assignment): Assignment {
  const { numTruths = 0, indices } = all;
  return numTruths > 0 ? keptOnly(all, new Set(indices.filter((k) => k >= numTruths))) : all;
}

function keptOnly(all: Assignment, kept: ReadonlySet<number>): Assignment {
  const places = [...all.indices.keys()].filter((k) => kept.has(all.indices[k]));
  return {
    ...all,
    indices: Int32Array.from(places, (k) => all.indices[k]),
    priors: Float32Array.from(places.flatMap((k) => [...boxOf(all.priors, k)])),
    truths: Int32Array.from(places, (k) => all.truths[k]),
    levels: all.levels && Int32Array.from(places, (k) => all.levels?.[k] ?? 0),
    overlaps: all.overlaps && Float32Array.from(places, (k) => all.overlaps?.[k] ?? 0),
    sampled: all.sampled && Uint8Array.from(places, (k) => all.sampled?.[k] ?? 0),
  };
}

/** @param trained a model whose weights are used; a new one with the run's initial weights when absent */
export async function assignmentsOf(
  spec: RecipeSpec,
  data: LabDataset,
  { image = 0, epoch = 1, ...options }: AssignmentsOptions = {},
  trained?: Detector,
): Promise<Assignments> {
  const at = epoch - 1;
  const { plan, training } = await trainingInput(spec, data, options);
  const classes = resolveClasses(spec, data);
  const { packed, steps, problem } = await tracerOf(training, at).trace(imageIndex(training, image), at);
  if (problem) throw new DetLabError(problem.message);
  if (!packed)
    throw new DetLabError(
      `Cannot show the assignments of image ${JSON.stringify(image)}: ${steps.at(-1)?.type} discards it in epoch ${epoch}. ` +
        'Choose another image, epoch or seed',
    );
  const { instanceIds: _, ...truths } = packed.truths;
  const sample = { ...packed, truths };
  const detector = trained ?? (await buildModel(spec, classes, plan.seed));
  try {
    if (trained) detector.eval();
    else detector.train();
    const found = watchAssignments(detector, sample, at, plan.seed);
    if (found.length === 0)
      throw new DetLabError(
        `Cannot show the assignments of image ${JSON.stringify(image)}: this model's heads assign none, their loss weighs every ` +
          'prior of an object (AutoAssign, FreeAnchor). Use a recipe with an assigner, such as ATSS',
      );
    const note = trained ? '' : 'initial weights';
    return new Assignments(packed.meta.imgPath, found, sample, classes, note);
  } finally {
    if (!trained) detector.dispose();
  }
}
