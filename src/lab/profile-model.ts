// `recipe.profile()`: a prediction or a training step of a new model on noise images; `model.profile(image)`: a prediction.

import type { ConfigObject } from '../config';
import type { PackedSample } from '../data';
import { noiseSample } from '../data/noise-sample';
import { engine, type Precision } from '../engine';
import { DetLabError } from '../errors';
import type { Detector } from '../models/types';
import { TrialTraining } from '../training/trial-training';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import { detectorPath, objectAt } from './config-access';
import type { ImageSize } from './image-size/set-image-size';
import { planRun } from './plan';
import { detect } from './prediction/detect';
import { engineNotes, Profile } from './profile';
import { medianRun } from './profile-runs';
import { progressView } from './progress-view';
import { spreadBoxes } from './spread-boxes';
import { inputSize } from './summary';
import { type ImageInput, pixelsOfInput, testSample } from './test-sample';

/** What `recipe.profile` records. */
export interface RecipeProfileOptions {
  /** A prediction (default), or a training step: losses, gradients and update. */
  mode?: 'predict' | 'train';
  /** Mixed precision; of a training step the config's by default. */
  amp?: boolean;
  /** Images per run. Default 1. */
  batch?: number;
  /** Size of the images, like `recipe.imageSize(...)`; that of the test images by default. */
  imageSize?: ImageSize;
  /** Recorded runs, of which the median is reported. Default 3. */
  repeats?: number;
}

/** What `model.profile` records. */
export interface ModelProfileOptions {
  precision?: Precision;
  /** Recorded runs, of which the median is reported. Default 3. */
  repeats?: number;
}

const WARM_UPS = 3;
const BOXES = 10;
const PROPOSALS = 1000;
/** Small enough that noise does not make the losses grow from run to run. */
const LEARNING_RATE = 1e-6;

/** A prediction or training step of a new model of the recipe; options are checked. */
export async function profileRecipe(spec: RecipeSpec, options: RecipeProfileOptions): Promise<Profile> {
  const { mode = 'predict', amp, batch = 1, repeats = 3 } = options;
  const classes = resolveClasses(spec);
  const detector = await buildModel(spec, classes, 0, (line) => console.error(line));
  try {
    const [height, width] = inputSize(spec.config);
    const samples = Array.from({ length: batch }, (_, id) => ({
      ...noiseSample(id, { width, height, boxes: BOXES, classes: classes.length, rotated: detector.rotated }),
      ...(needsProposals(spec.config) && { proposals: spreadBoxes(PROPOSALS, [height, width]) }),
    }));
    const { precision, step, dispose } =
      mode === 'train'
        ? trainingStep(detector, spec.config, samples, { amp, batch })
        : predictionStep(detector, samples, amp ? 'bfloat16' : 'float32');
    try {
      const kind = mode === 'train' ? 'training step' : 'prediction';
      const facts = { batch, image: `${width} × ${height}`, precision };
      const note = `${batch === 1 ? 'A noise image' : 'Noise images'} with ${BOXES} objects, initial weights`;
      return await profileStep(detector, step, { name: `${spec.name}, ${kind}`, facts, note, repeats });
    } finally {
      dispose?.();
    }
  } finally {
    detector.dispose();
  }
}

/** A prediction of one image. */
export async function profileModel(
  model: { detector: Detector; config: ConfigObject; name: string },
  image: ImageInput,
  options: ModelProfileOptions = {},
): Promise<Profile> {
  const { precision = 'float32', repeats = 3 } = options;
  const sample = await testSample(
    await pixelsOfInput(image),
    model.config,
    typeof image === 'string' ? image : 'image',
  );
  const { step } = predictionStep(model.detector, [sample], precision);
  const { width, height } = sample.image;
  const facts = { batch: 1, image: `${width} × ${height}`, precision };
  const note = 'Without reading and resizing the image';
  return profileStep(model.detector, step, { name: `${model.name}, prediction`, facts, note, repeats });
}

interface Step {
  step: () => void;
  precision: Precision;
  dispose?: () => void;
}

/** Whether proposals come with the data (Fast R-CNN). */
function needsProposals(config: ConfigObject): boolean {
  const model = objectAt(config, detectorPath(config));
  return model.roi_head !== undefined && model.rpn_head === undefined;
}

function predictionStep(detector: Detector, samples: PackedSample[], precision: Precision): Step {
  checkPrecision(precision);
  detector.eval();
  return { precision, step: () => void detect(detector, samples, precision) };
}

function trainingStep(
  detector: Detector,
  config: ConfigObject,
  samples: PackedSample[],
  { amp, batch }: { amp?: boolean; batch: number },
): Step {
  const plan = planRun(config, { batch, amp, lr: LEARNING_RATE });
  const trial = new TrialTraining(detector, plan.optimWrapper, catalogue, plan);
  return { precision: trial.precision, step: () => void trial.step(samples), dispose: () => trial.dispose() };
}

function checkPrecision(precision: Precision): void {
  const offered = [...engine().precisions, ...engine().memoryPrecisions];
  if (offered.includes(precision)) return;
  throw new DetLabError(
    `Cannot profile in ${precision}: the engine "${engine().description}" offers ${offered.join(', ')}`,
  );
}

interface StepSubject {
  name: string;
  facts: Record<string, string | number>;
  note: string;
  repeats: number;
}

async function profileStep(detector: Detector, step: () => void, subject: StepSubject): Promise<Profile> {
  const { name, facts, note, repeats } = subject;
  const view = progressView(`profiling ${name}`);
  try {
    const modules = [...detector.modules()];
    const onProgress = (done: number, total: number) => view.update(done, total);
    const run = await medianRun(step, { modules, repeats, warmUps: WARM_UPS, onProgress });
    const about = { ...facts, engine: engine().description };
    return new Profile({ name, facts: about, notes: [note, ...engineNotes(engine())] }, run);
  } finally {
    view.close();
  }
}
