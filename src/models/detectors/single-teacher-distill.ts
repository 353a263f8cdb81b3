// SingleTeacherDistill and FpnTeacherDistill (mmrazor): a detector that also learns from layers of a teacher, which a distiller
// compares with its own. The teacher's part of FpnTeacherDistill is backbone and neck alone. Predictions are the student's.
// Unlike mmrazor's, FpnTeacherDistill acts on calculate_student_loss and student_trainable too.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { type BuildContext, defineModule, type ModuleConfig, moduleOption } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { initCfg } from '../../nn';
import { evaluateNorms } from '../../nn/evaluate-norms';
import { constants } from '../../ops/stop-gradient';
import type { Random } from '../../random';
import type { ConfigurableDistiller } from '../distillers';
import { type LayerRecord, mapRecord } from '../distillers/recorders';
import type { DetBatch, Detector, LossContext, Losses } from '../types';
import { WrappedDetector } from './wrapped-detector';

const ofFile = z.strictObject({
  cfg_path: z.string().describe('Config whose model it is: mmdet::folder/name.py, a file or a name'),
  pretrained: z
    .literal(false)
    .default(false)
    .describe("Weights of the config's own: name them in teacher_ckpt or load_from"),
});
const model = z.union([moduleOption('detector'), ofFile]);

const options = z.strictObject({
  architecture: model.describe('The student'),
  teacher: model.describe('The teacher'),
  distiller: moduleOption('distiller').describe('What of both is compared, and by which losses'),
  teacher_ckpt: z.string().nullish().describe('Weights of the teacher; random ones when absent'),
  teacher_trainable: z.boolean().default(false).describe('Whether the teacher is trained too'),
  teacher_norm_eval: z.boolean().default(true).describe('Batch norms of the teacher keep their running statistics'),
  student_trainable: z
    .boolean()
    .default(true)
    .describe('Whether the student is trained; false, without its own losses, to train connectors alone'),
  calculate_student_loss: z.boolean().default(true).describe("Whether the student's own losses are trained on"),
  teacher_module_inplace: ignoredOption('tensors are immutable', {
    schema: z.boolean().default(false),
    harmless: anyValue,
  }),
  module_inplace: ignoredOption('tensors are immutable', { schema: z.boolean().default(false), harmless: anyValue }),
  data_preprocessor: moduleOption('data_preprocessor')
    .nullish()
    .describe('Normalises images, pads them and stacks them into batches; that of the student when absent'),
  init_cfg: initCfg.nullish().describe('Weight initialisation of the whole model'),
});
type Config = z.output<typeof options>;

export class SingleTeacherDistill extends WrappedDetector {
  readonly student: Detector;
  readonly teacher: Detector;
  private readonly distiller: ConfigurableDistiller;
  private stopped = false;

  constructor(
    private readonly config: Config,
    context: BuildContext,
    private readonly ofTeacher: 'whole' | 'features',
  ) {
    super();
    const { registry, path } = context;
    const { student_trainable, calculate_student_loss, data_preprocessor } = config;
    if (!student_trainable && calculate_student_loss)
      throw new DetLabError(
        `Cannot build ${path}: student_trainable is false, so its losses train nothing. Set calculate_student_loss to false too`,
      );
    const own = {
      ...built(config.architecture, `${path}.architecture`),
      ...(data_preprocessor && { data_preprocessor }),
    };
    this.student = this.addChild(
      'architecture',
      registry.build('detector', own, { ...context, path: `${path}.architecture` }),
    );
    this.distiller = this.addChild(
      'distiller',
      registry.build('distiller', config.distiller, { path: `${path}.distiller` }),
    );
    const other = built(config.teacher, `${path}.teacher`);
    this.teacher = this.addChild('teacher', registry.build('detector', other, { path: `${path}.teacher` }));
    this.distiller.checkModels(this.student, this.teacher, `${path}.distiller`);
    const [of, classes] = [this.teacher.numClasses, this.student.numClasses];
    if (ofTeacher === 'whole' && of < classes)
      throw new DetLabError(
        `Cannot build ${path}: the teacher has ${of} classes, the student ${classes}, whose labels the teacher has losses of too. ` +
          'Use FpnTeacherDistill, which runs backbone and neck of the teacher alone',
      );
    if (!config.teacher_trainable) for (const [, parameter] of this.teacher.named()) parameter.requiresGrad = false;
  }

  get distilled(): Detector {
    return this.student;
  }

  protected get inner(): Detector {
    return this.student;
  }

  /** Whether the student learns from the teacher from now on, or from the ground truth alone. */
  distil(on: boolean): void {
    this.stopped = !on;
  }

  override initWeights(random: Random): void {
    for (const [, part] of this.children()) part.initWeights(random);
  }

  override train(mode = true): this {
    super.train(mode);
    if (mode && this.config.teacher_norm_eval) evaluateNorms(this.teacher);
    return this;
  }

  override loss(batch: DetBatch, context: LossContext): Losses {
    const { teacher_trainable, student_trainable, calculate_student_loss } = this.config;
    // whose losses nobody asks for is not run once distillation has stopped
    const teacher =
      this.stopped && !teacher_trainable ? undefined : this.run('teacher', batch, context, teacher_trainable);
    const student = this.run('student', batch, context, student_trainable);
    return {
      ...(teacher_trainable && teacher && prefixed('teacher', teacher.losses)),
      ...(calculate_student_loss && prefixed('student', student.losses)),
      ...(teacher &&
        !this.stopped &&
        prefixed('distill', this.distiller.losses({ teacher: teacher.records, student: student.records }))),
    };
  }

  /** Losses and records of student or teacher; without gradients where it is not trained. */
  private run(side: 'student' | 'teacher', batch: DetBatch, context: LossContext, trained: boolean) {
    const model = side === 'student' ? this.student : this.teacher;
    let losses: Losses = {};
    const pass = () =>
      this.distiller.record(side, model, () => {
        if (side === 'teacher' && this.ofTeacher === 'features') model.extractFeatures(batch.inputs);
        else losses = model.loss(batch, side === 'student' ? context : { ...context, watch: undefined });
      });
    const records = trained ? pass() : constantRecords(pass);
    return { losses, records };
  }
}

type Records = Map<string, LayerRecord[]>;

/** The records of `pass`, without gradients. */
function constantRecords(pass: () => Records): Records {
  let lists: [string, LayerRecord[]][] = [];
  const tensors = constants(() => {
    lists = [...pass()];
    return lists.flatMap(([, records]) => records.flat());
  });
  let next = 0;
  return new Map(
    lists.map(([name, records]) => [name, records.map((record) => mapRecord(record, () => tensors[next++]))]),
  );
}

const prefixed = (prefix: string, losses: Losses): Losses =>
  Object.fromEntries(Object.entries(losses).map(([name, loss]) => [`${prefix}.${name}`, loss]));

function built(config: Config['teacher'], path: string): ModuleConfig {
  if ('type' in config) return { ...config };
  throw new DetLabError(
    `Cannot build ${path}: cfg_path "${config.cfg_path}" is a file. Build the model by its recipe, which reads it`,
  );
}

const retina = (depth: number) => `{
    type: 'RetinaNet',
    backbone: { type: 'ResNet', depth: ${depth} },
    neck: { type: 'FPN', out_channels: 256, num_outs: 5, start_level: 1, add_extra_convs: 'on_input' },
    bbox_head: { type: 'RetinaHead', num_classes: 80 },
  }`;
const recorders = "{ fpn: { type: 'ModuleOutputs', source: 'neck' } }";
const place = (student: boolean) => `{ from_student: ${student}, recorder: 'fpn', data_idx: 0 }`;
const paper = 'Shu et al., Channel-wise Knowledge Distillation for Dense Prediction, ICCV 2021';

const definition = <Type extends string>(type: Type, ofTeacher: 'whole' | 'features', summary: string) =>
  defineModule({
    kind: 'detector',
    type,
    summary,
    paper,
    shapes: 'images -> boxes [n, 4], scores [n] and labels [n] of each, by the student',
    example: `{
  type: '${type}',
  architecture: ${retina(18)},
  teacher: ${retina(34)},
  distiller: {
    type: 'ConfigurableDistiller',
    student_recorders: ${recorders},
    teacher_recorders: ${recorders},
    distill_losses: { loss_cwd: { type: 'ChannelWiseDivergence' } },
    loss_forward_mappings: { loss_cwd: { preds_S: ${place(true)}, preds_T: ${place(false)} } },
  },
}`,
    options,
    build: (given: Config, context: BuildContext) => new SingleTeacherDistill(given, context, ofTeacher),
  });

export const teacherDistillDefinitions = [
  definition('SingleTeacherDistill', 'whole', 'A detector that also learns from layers of a teacher'),
  definition(
    'FpnTeacherDistill',
    'features',
    "A detector that also learns from layers of a teacher's backbone and neck, which alone are run",
  ),
] as const;
