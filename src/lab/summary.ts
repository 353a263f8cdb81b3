// `summary()`: the modules of a detector with output shapes, strides, parameters, and what is frozen.

import type { ConfigObject } from '../config';
import type { Detector, FeatureSpec } from '../models/types';
import { type Module, torchShape } from '../nn/module';
import { Display } from '../visualization/display';
import { saveAs } from '../visualization/savable';
import { type StageSummary, summaryTable } from '../visualization/summary-table';
import { type Table, tablesBundle } from '../visualization/table';
import { tableFormats } from '../visualization/table-files';
import { objectAt } from './config-access';
import { testScale } from './image-size/test-scale';

/** The stages of a detector: shapes, strides, parameters. */
export interface ModelSummary {
  name: string;
  /** Height and width of the image for which the shapes are computed. */
  input: [number, number];
  stages: StageSummary[];
  parameters: number;
  trainable: number;
  /** Notes below the table, such as parts that are frozen later. */
  notes: string[];
  /** Every parameter and buffer in state-dict order, with PyTorch's shape. */
  state: StateEntry[];
}

export interface StateEntry {
  name: string;
  shape: number[];
  kind: 'parameter' | 'buffer';
  /** False for buffers and frozen parameters. */
  trained: boolean;
}

/** The size to which the test pipeline resizes, [height, width]. */
export function inputSize(config: ConfigObject): [number, number] {
  const [width, height] = testScale(config) ?? [1333, 800];
  return [height, width];
}

export function summarise(
  detector: Detector,
  config: ConfigObject,
  name: string,
  input: [number, number],
  notes: string[] = [],
): ModelSummary {
  const stages: StageSummary[] = [];
  for (const [path, module] of detector.children()) {
    const part = partAt(config, path);
    stages.push(stage(path, String(part.type ?? ''), module, input));
    // shows the stages of the backbone, which can be frozen one by one, and the children of partly frozen modules
    const last = stages[stages.length - 1];
    if (path !== 'backbone' && !(path in DETECTORS) && (last.trainable === 0 || last.trainable === last.parameters))
      continue;
    for (const [name, child] of module.children()) {
      const inner = `${path}.${name}`;
      const { type } = path in DETECTORS ? partAt(config, inner) : {};
      stages.push(stage(inner, String(type ?? ''), child, input));
    }
  }
  const trainable = detector.trainable().reduce((sum, [, p]) => sum + p.variable.size, 0);
  const state = [...detector.named()].map(([path, p]) => ({
    name: path,
    shape: torchShape(p),
    kind: p.kind,
    trained: p.requiresGrad,
  }));
  return { name, input, stages, parameters: detector.parameterCount(), trainable, notes, state };
}

/** Parts that are detectors: of one that tracks or is distilled, and both that the config of a semi-supervised one describes once. */
const DETECTORS: Record<string, string> = {
  detector: 'detector',
  architecture: 'architecture',
  student: 'detector',
  teacher: 'detector',
};

/** The config of a part: the head of an RPN is the `bbox_head` of its weights and the `rpn_head` of its config. */
function partAt(config: ConfigObject, path: string): ConfigObject {
  const [first, ...rest] = path.split('.');
  const described = DETECTORS[first] in objectAt(config, 'model') ? DETECTORS[first] : first;
  const inner = [described, ...rest].join('.');
  const part = objectAt(config, `model.${inner}`);
  if (!inner.endsWith('bbox_head') || part.type !== undefined) return part;
  return objectAt(config, `model.${inner.replace(/bbox_head$/, 'rpn_head')}`);
}

/** Backbones, necks, and the necks of a sequence; heads have a method of that name. */
const hasOutputs = (module: Module): module is Module & { outputs: FeatureSpec[] } =>
  'outputs' in module && Array.isArray(module.outputs);

/** [H, W, C] of a level, of an image of that size. */
function levelShape({ channels, stride, pooled }: FeatureSpec, image: [number, number]): [number, number, number] {
  const [height, width] = image.map((side, axis) => {
    const cells = Math.ceil(side / stride);
    if (pooled === undefined) return cells;
    return pooled === 'wholly' ? 1 : Math.max(0, Math.floor((cells - pooled.window[axis]) / pooled.step[axis]) + 1);
  });
  return [height, width, channels];
}

function stage(path: string, type: string, module: Module, image: [number, number]): StageSummary {
  const specs = hasOutputs(module) ? module.outputs : [];
  return {
    path,
    type,
    outputs: specs.map((spec) => levelShape(spec, image)),
    strides: specs.filter(({ pooled }) => pooled === undefined).map(({ stride }) => stride),
    parameters: module.parameterCount(),
    trainable: module.trainable().reduce((sum, [, p]) => sum + p.variable.size, 0),
  };
}

/** The modules of a detector with output shapes, strides and parameters, and what is frozen, as a table: of `summary`. */
export class SummaryDisplay extends Display {
  constructor(readonly summary: ModelSummary) {
    super(tablesBundle(tableOf(summary)));
  }

  /** Writes the table as .html, .csv, .json, .svg, .png or .txt; returns the absolute path. */
  save(file: string): Promise<string> {
    return saveAs(`the summary of ${this.summary.name}`, tableFormats(this.summary, tableOf(this.summary)), file);
  }
}

const tableOf = ({ name, input, stages, notes }: ModelSummary): Table =>
  summaryTable(stages, `${name}, input ${input[0]} × ${input[1]}`, notes.join('\n') || undefined);
