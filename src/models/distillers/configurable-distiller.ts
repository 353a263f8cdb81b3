// ConfigurableDistiller (mmrazor): which layers of student and teacher are recorded, by which connectors the records go, and
// which losses compare them. Unlike mmrazor's it has no deliveries, which put results of the teacher in place of the student's.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule, moduleOption } from '../../catalogue/registry';
import { DetLabError, didYouMean } from '../../errors';
import { applyInitCfg, initCfg, Module, Sequential } from '../../nn';
import { type FeatureLoss, isFeatureLoss } from '../losses/feature-loss';
import type { Losses } from '../types';
import type { Connector } from './connector';
import { checkSources, type LayerRecord, type Recorder, recording } from './recorders';

const index = z.int().nonnegative();
const place = z.strictObject({
  recorder: z.string().describe('Name of the recorder'),
  from_student: z.boolean().describe("Whether it is one of the student's, and not of the teacher's"),
  record_idx: index.default(0).describe('Which call of the layer, of several'),
  data_idx: index.nullish().describe('Which tensor of the record, of several'),
  connector: z.string().nullish().describe('Name of the connector that the record goes through'),
  connector_idx: z.null().optional().describe("Which tensor of the connector's output: connectors of DetLab have one"),
});
type Place = z.output<typeof place>;

const recorders = z.record(z.string(), moduleOption('recorder')).nullish();
const connector = moduleOption('connector');

const options = z.strictObject({
  student_recorders: recorders.describe('What is recorded of the student, by name'),
  teacher_recorders: recorders.describe('What is recorded of the teacher, by name'),
  distill_deliveries: z
    .strictObject({})
    .nullish()
    .describe("Results of the teacher in place of the student's: none, DetLab has no deliveries"),
  connectors: z
    .record(z.string(), z.union([connector, z.array(connector).min(1)]))
    .nullish()
    .describe('Layers that records go through, by name; a list is run one after the other'),
  distill_losses: z
    .record(z.string(), moduleOption('loss'))
    .nullish()
    .describe('Losses by name; those whose name contains "loss" are trained on, the others are logged'),
  loss_forward_mappings: z
    .record(z.string(), z.record(z.string(), place))
    .nullish()
    .describe('Which records each loss compares, by the names of its arguments'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the connectors'),
});
type Config = z.output<typeof options>;

type Side = 'student' | 'teacher';
type Records = Map<string, LayerRecord[]>;

/** A loss with the records of student and teacher that it compares. */
interface Comparison {
  name: string;
  loss: FeatureLoss;
  places: readonly [Place, Place];
}

/** What student and teacher gave in one pass. */
export type Recorded = Record<Side, Records>;

export class ConfigurableDistiller extends Module {
  private readonly recorders: Record<Side, Map<string, Recorder>>;
  private readonly connectors = new Map<string, Connector>();
  private readonly comparisons: Comparison[];

  constructor(config: Config, context: BuildContext) {
    super();
    const { registry, path } = context;
    const named = (key: 'student_recorders' | 'teacher_recorders') =>
      new Map(
        Object.entries(config[key] ?? {}).map(([name, one]) => [
          name,
          registry.build('recorder', one, { path: `${path}.${key}.${name}` }),
        ]),
      );
    this.recorders = { student: named('student_recorders'), teacher: named('teacher_recorders') };
    const connectors = this.addChild('connectors', new Connectors());
    for (const [name, one] of Object.entries(config.connectors ?? {})) {
      const at = `${path}.connectors.${name}`;
      const built = Array.isArray(one)
        ? new Sequential(one.map((part, i) => registry.build('connector', part, { path: `${at}.${i}` })))
        : registry.build('connector', one, { path: at });
      this.connectors.set(name, connectors.put(name, built as Connector));
    }
    this.comparisons = this.compared(config, context);
    if (config.init_cfg) applyInitCfg(this, config.init_cfg);
  }

  /** @throws DetLabError for recorders of layers that the models do not have */
  checkModels(student: Module, teacher: Module, path: string): void {
    checkSources(student, this.recorders.student, `${path}.student_recorders`);
    checkSources(teacher, this.recorders.teacher, `${path}.teacher_recorders`);
  }

  /** Runs `f`, in which the student or the teacher runs, and returns what was recorded. */
  record(side: Side, model: Module, f: () => void): Records {
    return recording(model, this.recorders[side], f);
  }

  /** The losses, of what was recorded in this pass. */
  losses(recorded: Recorded): Losses {
    return Object.fromEntries(
      this.comparisons.map(({ name, loss, places }) => {
        const [student, teacher] = places.map((one) => this.at(one, recorded, name));
        return [name, loss.forward(student, teacher)];
      }),
    );
  }

  private at(place: Place, recorded: Recorded, loss: string): tf.Tensor {
    const { recorder, from_student, record_idx, data_idx, connector } = place;
    const side = from_student ? 'student' : 'teacher';
    const records = recorded[side].get(recorder)!;
    const what = `Cannot compute ${loss}: ${side}_recorders.${recorder}`;
    if (records.length === 0)
      throw new DetLabError(
        `${what} has no record: its layer is not run by itself in training, but as a part of the one around it. Record that one`,
      );
    if (record_idx >= records.length)
      throw new DetLabError(`${what} has ${records.length} records, record_idx is ${record_idx}`);
    const record = oneOf(records[record_idx], data_idx, `${what}, record ${record_idx},`);
    return connector == null ? record : this.connectors.get(connector)!.forward(record as tf.Tensor4D);
  }

  private compared({ distill_losses, loss_forward_mappings }: Config, { registry, path }: BuildContext): Comparison[] {
    const losses = distill_losses ?? {};
    const mappings = Object.entries(loss_forward_mappings ?? {});
    const unused = Object.keys(losses).find((name) => !mappings.some(([mapped]) => mapped === name));
    if (unused !== undefined)
      throw new DetLabError(
        `Cannot build ${path}: distill_losses.${unused} is not in loss_forward_mappings, so it would compare nothing`,
      );
    return mappings.map(([name, mapping]) => {
      const at = `${path}.loss_forward_mappings.${name}`;
      known(name, Object.keys(losses), `${at}: "${name}" is not one of distill_losses`);
      const loss = registry.build('loss', losses[name], { path: `${path}.distill_losses.${name}` });
      if (!isFeatureLoss(loss))
        throw new DetLabError(
          `Cannot build ${path}.distill_losses.${name}: ${losses[name].type} does not compare maps of a student and a teacher. ` +
            'Use ChannelWiseDivergence or PKDLoss',
        );
      const given = Object.keys(mapping);
      if ([...given].sort().join() !== [...loss.compares].sort().join())
        throw new DetLabError(
          `Cannot build ${at}: ${losses[name].type} compares ${loss.compares.join(' and ')}, received ${given.join(', ') || 'nothing'}`,
        );
      for (const [argument, one] of Object.entries(mapping)) this.checkPlace(one, `${at}.${argument}`);
      const [student, teacher] = loss.compares;
      return { name, loss, places: [mapping[student], mapping[teacher]] };
    });
  }

  private checkPlace({ recorder, from_student, connector }: Place, at: string): void {
    const side = from_student ? 'student' : 'teacher';
    known(recorder, [...this.recorders[side].keys()], `${at}: "${recorder}" is not one of ${side}_recorders`);
    if (connector != null)
      known(connector, [...this.connectors.keys()], `${at}: "${connector}" is not one of connectors`);
  }
}

/** The connectors by name, as mmengine's ModuleDict. */
class Connectors extends Module {
  put(name: string, connector: Connector): Connector {
    return this.addChild(name, connector);
  }
}

function known(name: string, names: readonly string[], message: string): void {
  if (!names.includes(name))
    throw new DetLabError(
      `Cannot build ${message}.${didYouMean(name, names)} There are: ${names.join(', ') || 'none'}`,
    );
}

/** The tensor of a record; of a list the one with this index, and the only one without. */
function oneOf(record: LayerRecord, index: number | null | undefined, what: string): tf.Tensor {
  const tensors = record instanceof tf.Tensor ? [record] : record;
  if (index == null ? tensors.length === 1 : index < tensors.length) return tensors[index ?? 0];
  throw new DetLabError(
    `${what} has ${tensors.length} tensors${index == null ? ': choose one with data_idx' : `, data_idx is ${index}`}`,
  );
}

const recorder = "{ fpn: { type: 'ModuleOutputs', source: 'neck' } }";
const at = (student: boolean) => `{ from_student: ${student}, recorder: 'fpn', data_idx: 0 }`;

export const configurableDistillerDefinition = defineModule({
  kind: 'distiller',
  type: 'ConfigurableDistiller',
  summary: 'Losses between recorded layers of a student and of its teacher',
  origin: 'mmrazor',
  shapes: 'outputs of layers of two models -> losses',
  example: `{
  type: 'ConfigurableDistiller',
  student_recorders: ${recorder},
  teacher_recorders: ${recorder},
  distill_losses: { loss_cwd: { type: 'ChannelWiseDivergence' } },
  loss_forward_mappings: { loss_cwd: { preds_S: ${at(true)}, preds_T: ${at(false)} } },
}`,
  options,
  build: (given, context) => new ConfigurableDistiller(given, context),
});

declare module '../../catalogue/registry' {
  interface Built {
    distiller: ConfigurableDistiller;
  }
}
