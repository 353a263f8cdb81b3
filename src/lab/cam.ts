// `model.cam(image, { detection, layer })`: which places of a layer's feature maps the class score of one detection comes from
// (Grad-CAM: Selvaraju et al., ICCV 2017; LayerCAM: Jiang et al., TIP 2021), or what is strongest in them (EigenCAM: Muhammad and
// Yeasin, IJCNN 2020).

import * as tf from '@tensorflow/tfjs';
import { eigenCam, gradCam, layerCam } from '../analysis/activation-maps';
import type { PixelImage } from '../data';
import { DetLabError } from '../errors';
import { addMaps, sampleMap, type ValueMap } from '../geometry/sample-map';
import type { DetBatch, Detector } from '../models/types';
import { bytesOf } from '../visualization/hatched-padding';
import { heatImage } from '../visualization/heat-image';
import { LiveFigures } from '../visualization/live-figures';
import { type LiveBox, type LiveImage, LiveImages } from '../visualization/live-images';
import { colourOf } from '../visualization/palette';
import type { CAM_METHODS } from './cam-methods';
import { classColours } from './class-colours';
import { configuredPalette } from './configured-palette';
import { checkLayer, type LayerMap, readOutputs, runningPath, withOutputs } from './layer-outputs';
import { type LocatedDetection, locateDetection, scoresOfPrediction } from './locate-detection';
import type { ModelParts } from './model-parts';
import { type ImageInput, pixelsOfInput, testSample } from './test-sample';

const NAMES = { gradcam: 'Grad-CAM', layercam: 'LayerCAM', eigencam: 'EigenCAM' };

/** Which layer, class or detection, and which method `model.cam` uses. */
export interface CamOptions {
  /** A layer by its path: `backbone.layer4`, `neck.fpn_convs.0`. Default: backbone. */
  layer?: string;
  /** Number of the detection from 0, in the order of `model.predict`. Default 0: the best. */
  detection?: number;
  /**
   * `gradcam`: channels weighted by their mean gradient, which shows all objects of the kind; `layercam`: by the gradient of each
   * place, which shows this one; `eigencam`: the strongest component of the features, whatever the detection.
   */
  method?: (typeof CAM_METHODS)[number];
}

export interface CamParts {
  title: string;
  layer: string;
  method: string;
  detection: LocatedDetection;
  classes: readonly string[];
  /** Over the padded input of the network. */
  map: ValueMap;
  /** Feature maps that the map was made of. */
  levels: readonly LayerMap[];
}

/** A class activation map over its image. */
export class Cam extends LiveFigures {
  readonly layer: string;
  readonly method: string;
  /** Not negative with Grad-CAM; over the padded input of the network. */
  readonly map: ValueMap;
  /** Share of the map (of what is positive) that is inside the detection's box. */
  readonly insideBox: number;

  constructor(parts: CamParts, images: LiveImages, input: readonly [number, number]) {
    const { classes, detection, layer, levels, map, method, title } = parts;
    const insideBox = shareInside(map, detection.bbox, input);
    super({
      what: 'cam',
      title,
      images,
      tables: [
        {
          columns: [
            { title: 'layer' },
            { title: 'feature maps' },
            { title: 'detection' },
            { title: 'score', align: 'right' },
            { title: 'of the map inside its box', align: 'right' },
          ],
          rows: [
            [
              layer,
              levels.map(({ height, width, channels }) => `${height} × ${width} × ${channels}`).join(', '),
              classes[detection.label] ?? String(detection.label),
              detection.score.toFixed(3),
              `${(100 * insideBox).toFixed(0)}%`,
            ],
          ],
        },
      ],
      data: {
        layer,
        method,
        detection: { ...detection, all: undefined },
        insideBox,
        map: { ...map, values: [...map.values] },
      },
    });
    this.layer = layer;
    this.method = method;
    this.map = map;
    this.insideBox = insideBox;
    Object.defineProperty(this, 'map', { enumerable: false });
  }
}

function shareInside(
  map: ValueMap,
  [x1, y1, x2, y2]: readonly number[],
  [height, width]: readonly [number, number],
): number {
  let [inside, all] = [0, 0];
  for (let y = 0.5; y < height; y += 2)
    for (let x = 0.5; x < width; x += 2) {
      const value = Math.max(0, sampleMap(map, y / height, x / width));
      all += value;
      if (x >= x1 && x <= x2 && y >= y1 && y <= y2) inside += value;
    }
  return all > 0 ? inside / all : 0;
}

/**
 * The feature maps of a layer and the gradient of a detection's class score with respect to them, map by map. A layer that
 * is run several times (a tower on every level) has as many maps.
 *
 * @returns gradients in the order of the maps; undefined for those that the score does not depend on
 */
export function scoreGradients(
  detector: Detector,
  batch: DetBatch,
  path: string,
  { index, label }: Pick<LocatedDetection, 'index' | 'label'>,
): { levels: LayerMap[]; gradients: (Float32Array | undefined)[] } {
  const what = 'differentiate the class score';
  const shapes: number[][] = [];
  const keepShapes = (outputs: tf.Tensor[]) => {
    for (const { shape } of outputs) shapes.push([...shape]);
    return outputs;
  };
  const predict = () => scoresOfPrediction(detector, batch, what).scores;
  const layer = runningPath(detector, path, () => tf.tidy(() => void predict()));
  const levels = readOutputs(detector, [layer], () => tf.tidy(() => void predict())).get(layer) ?? [];
  const gradients: (Float32Array | undefined)[] = [];
  tf.tidy(() => {
    withOutputs(detector, new Map([[layer, keepShapes]]), predict);
    // the score as a function of what is added to the maps, at zero
    const added = shapes.map((shape) => tf.zeros(shape));
    const score = (): tf.Scalar => {
      let next = 0;
      const add = (outputs: tf.Tensor[]) => outputs.map((output) => tf.add(output, added[next++]));
      return withOutputs(detector, new Map([[layer, add]]), () => predict().score(index, label));
    };
    const { grads } = tf.engine().gradients(score, added, undefined, true);
    for (const [i, grad] of (grads as (tf.Tensor | null | undefined)[]).entries())
      gradients.push(grad ? grad.dataSync<'float32'>().slice(0, levels[i].values.length) : undefined);
  });
  return { levels, gradients };
}

/** Maps of several levels on one grid. */
function wholeMap(levels: readonly LayerMap[], values: readonly Float32Array[]): ValueMap {
  return addMaps(levels.map(({ height, width }, i) => ({ height, width, values: values[i] })));
}

/** Each to the range from 0 to 1: components of different levels have no common scale. */
function normalised(map: Float32Array): Float32Array {
  const [low, high] = [map.reduce((a, v) => Math.min(a, v), 0), map.reduce((a, v) => Math.max(a, v), 0)];
  return high > low ? map.map((v) => Math.max(0, v) / Math.max(high, 1e-12)) : map;
}

function mapOf(
  detector: Detector,
  batch: DetBatch,
  layer: string,
  method: (typeof CAM_METHODS)[number],
  detection: LocatedDetection,
) {
  if (method === 'eigencam') {
    const predict = () => tf.tidy(() => void detector.predict(batch));
    const path = runningPath(detector, layer, predict);
    const levels = readOutputs(detector, [path], predict).get(path) ?? [];
    const maps = levels.map(({ values, channels }) => eigenCam(values, channels));
    return { levels, map: wholeMap(levels, levels.length > 1 ? maps.map(normalised) : maps) };
  }
  const { levels, gradients } = scoreGradients(detector, batch, layer, detection);
  if (gradients.every((gradient) => gradient === undefined))
    throw new DetLabError(
      `Cannot make a ${NAMES[method]} at "${layer}": the class score of the detection does not depend on this layer. ` +
        "Choose one of the backbone, the neck or the classification branch, or method: 'eigencam'",
    );
  const maps = levels.map(({ values, channels }, i) => {
    const gradient = gradients[i];
    const weigh = method === 'layercam' ? layerCam : gradCam;
    return gradient ? weigh(values, gradient, channels) : new Float32Array(values.length / channels);
  });
  return { levels, map: wholeMap(levels, maps) };
}

/** The map of one detection over the image, with its box. */
export async function camOf(
  model: ModelParts,
  image: ImageInput,
  { layer = 'backbone', detection: number = 0, method = 'gradcam' }: CamOptions = {},
): Promise<Cam> {
  const { classes, config, detector, name } = model;
  checkLayer(detector, layer, 'make a class activation map');
  const sample = await testSample(await pixelsOfInput(image), config, 'image');
  detector.eval();
  const batch = detector.preprocess([sample]);
  try {
    const detection = locateDetection(detector, batch, number, 'make a class activation map');
    const { levels, map } = mapOf(detector, batch, layer, method, detection);
    const { height, width } = sample.image;
    const input = batch.batchShape;
    const heat = await heatImage(sample.image, map, {
      covered: [height / input[0], width / input[1]],
      range: [
        0,
        Math.max(
          map.values.reduce((most, v) => Math.max(most, v), 0),
          1e-12,
        ),
      ],
      opacity: [0.35, 0.8],
      longest: 640,
    });
    const said = `${classes[detection.label]} ${detection.score.toFixed(2)}`;
    const title = `${name}: ${method === 'eigencam' ? `what is strongest in ${layer}, beside ${said}` : `where the score of ${said} comes from, ${layer}`}`;
    const caption = `${NAMES[method]} at ${layer}`;
    const images = besideDetection(model, detection, number, bytesOf(sample.image), { pixels: heat, caption });
    return new Cam({ title, layer, method, detection, classes, map, levels }, images, input);
  } finally {
    batch.inputs.dispose();
  }
}

/** Detections that are drawn beside the chosen one. */
const BESIDE = 15;

/**
 * Two images: the detections, the chosen one among them, and what belongs to it alone.
 *
 * @param beside the second image, of any scale, with its class names if it has points of others
 */
export function besideDetection(
  { classes, config }: Pick<ModelParts, 'classes' | 'config'>,
  { all, score }: LocatedDetection,
  chosen: number,
  image: PixelImage,
  beside: { pixels: PixelImage; caption: string; points?: LiveImage['points']; kinds?: readonly string[] },
): LiveImages {
  const boxes = all.slice(0, Math.max(BESIDE, chosen + 1)).map(
    ({ bbox, label, score: found }, k): LiveBox => ({
      bbox,
      label,
      score: found,
      note: `detection ${k}`,
      ...(k !== chosen && { minor: true }),
    }),
  );
  const scale = beside.pixels.width / image.width;
  const said = `${classes[all[chosen].label] ?? all[chosen].label} ${score.toFixed(2)}`;
  const { pixels, caption, points, kinds = [] } = beside;
  const second = { ...boxes[chosen], bbox: boxes[chosen].bbox.map((v) => v * scale) };
  const colours = classColours({ classes, palette: configuredPalette(config, classes) });
  const colourOfClass = (_: string, i: number) => colourOf(i, colours.palette);
  return new LiveImages(
    [
      {
        source: `detection ${chosen}: ${said}`,
        pixels: image,
        width: image.width,
        height: image.height,
        boxes,
      },
      { source: caption, pixels, width: pixels.width, height: pixels.height, boxes: [second], points },
    ],
    {
      classes: [...classes, ...kinds],
      // the standard colours go on after the classes
      palette: [...classes.map(colourOfClass), ...kinds.map((_, i) => colourOf(i))],
      title: caption,
      color: 'class',
      columns: 2,
      storedSide: 720,
      threshold: Math.floor(50 * score) / 100,
    },
  );
}
