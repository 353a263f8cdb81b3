// Narrow detectors of each family that were really trained, on a few scenes of Toytown, until they are sure of what is in them; and
// the detections of one image in Node, ONNX Runtime and Chromium.

import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { expect } from 'vitest';
import { dataset, detector, type LabDataset, type Model } from '../../src';
import type { ConfigObject, ConfigValue } from '../../src/config';
import { decodeImage } from '../../src/data/loading/decode';
import { testSample } from '../../src/lab/test-sample';
import { withPage } from '../frontends/browser';
import { detectionsOf, feeds } from '../onnx/exported';
import { disagreement, type Found } from './agreement';
import { narrowConfig } from './narrow';
import { foundIn, give } from './web-page';

/** Two scenes to learn by heart, and one. */
export const fewScenes = (dir: string): Promise<LabDataset> =>
  dataset.toytown({ images: 3, seed: 3, width: 160, height: 120, dir });

/** Trains a narrow detector of the family on the scenes, as they come out of its test pipeline. */
export async function trainedModel(family: string, data: LabDataset, epochs: number): Promise<Model> {
  const config = narrowConfig(family);
  const { batch_sampler: _sampler, collate_fn: _collate, ...loader } = config.train_dataloader as ConfigObject;
  const tested = (config.test_dataloader as ConfigObject).dataset as ConfigObject;
  const steps = (tested.pipeline as ConfigValue[]).filter((step) => (step as ConfigObject).type !== 'LoadAnnotations');
  const annotations = { type: 'LoadAnnotations', with_bbox: true, with_mask: family.includes('Mask') };
  const recipe = detector({
    ...config,
    train_dataloader: {
      ...loader,
      batch_size: 2,
      dataset: { ...tested, test_mode: false, pipeline: [steps[0], annotations, ...steps.slice(1)] },
    },
    optim_wrapper: {
      type: 'OptimWrapper',
      optimizer: { type: 'AdamW', lr: 0.003, weight_decay: 0.0001 },
      clip_grad: { max_norm: 10 },
    },
    train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: epochs, val_interval: epochs },
    param_scheduler: [
      { type: 'LinearLR', start_factor: 0.05, by_epoch: false, begin: 0, end: 20 },
      { type: 'CosineAnnealingLR', T_max: epochs, by_epoch: true, convert_to_iter_based: true },
    ],
    custom_hooks: [],
  } as ConfigObject).named(`${family} <trained>`);
  const options = { seed: 1, workers: 0, workDir: false, log: () => {} } as const;
  const { model } = await recipe.classes(data.classes).fit(data, options);
  return model;
}

/** Detections in ONNX Runtime, in pixels of the image. */
async function inOnnxRuntime(model: Model, image: Buffer, file: string): Promise<Found[]> {
  const pixels = await decodeImage(image);
  const sample = await testSample(pixels, model.config, 'scene');
  const { imgShape, scaleFactor, padParam: [top, , left] = [0, 0, 0, 0] } = sample.meta;
  const session = await ort.InferenceSession.create(model.save(file, { size: paddedSize(model, imgShape) }), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
  });
  const results = await session.run(feeds(model.detector, [sample], session.inputNames));
  await session.release();
  const [{ bboxes, scores, labels }] = detectionsOf({
    boxes: results.boxes,
    scores: results.scores,
    labels: results.labels,
  });
  const limits = [pixels.width, pixels.height];
  return Array.from(labels, (label, i) => ({
    label: model.classes[label],
    score: scores[i],
    bbox: [0, 1, 2, 3].map((k) => {
      const placed = (bboxes[4 * i + k] - (k & 1 ? top : left)) / scaleFactor[k & 1];
      return Math.min(Math.max(placed, 0), limits[k & 1]);
    }),
  }));
}

function paddedSize({ config }: Model, shape: readonly number[]): [number, number] {
  const { pad_size_divisor = 1 } = (config.model as ConfigObject).data_preprocessor as { pad_size_divisor?: number };
  return [0, 1].map((k) => Math.ceil(shape[k] / pad_size_divisor) * pad_size_divisor) as [number, number];
}

/** The model is sure of something, and Node, ONNX Runtime and Chromium find the same in the image. */
export async function expectSameEverywhere(model: Model, imageFile: string, dir: string): Promise<void> {
  // browsers' JPEG decoders may round otherwise
  const image = await sharp(imageFile).png().toBuffer();
  const expected = [...(await model.predict(image))];
  expect(expected[0]?.score, model.name).toBeGreaterThan(0.5);
  const agree = (found: readonly Found[], where: string) => {
    const { alone, box, score } = disagreement(expected, found);
    expect(alone, where).toBe(0);
    expect(box, where).toBeLessThan(1e-2);
    expect(score, where).toBeLessThan(1e-4);
  };
  agree(await inOnnxRuntime(model, image, join(dir, `${model.name}.onnx`)), 'ONNX Runtime');
  const page = model.save(join(dir, `${model.name}.html`));
  await withPage(
    page,
    async (opened) => {
      const [found] = await give(opened, [{ name: 'scene.png', mimeType: 'image/png', buffer: image }]);
      agree(foundIn(found, model.classes), 'Chromium');
    },
    ['--disable-3d-apis'],
  );
}
