// MeanTeacherHook (MMDetection): after every iteration the teacher of a semi-supervised detector moves towards its student, whose
// weights it has at the start (Tarvainen and Valpola, NIPS 2017).

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { Module, Parameter } from '../../nn/module';
import type { TrainRun } from '../train-run';
import type { TrainHook } from './hook';
import { PRIORITIES, priority } from './priority';

const options = z.strictObject({
  momentum: z.number().gt(0).lt(1).default(0.001).describe("Share of the student's weights in an update"),
  interval: z.int().positive().default(1).describe('Iterations between two updates'),
  skip_buffer: z.boolean().default(true).describe('Leaves the running statistics of norm layers as they are'),
  priority,
});
type Options = z.output<typeof options>;

export class MeanTeacherHook implements TrainHook {
  readonly name = 'MeanTeacherHook';
  priority: number = PRIORITIES.NORMAL;
  private pairs: [teacher: Parameter, student: Parameter][] = [];

  constructor(private readonly options: Options) {}

  /** @throws DetLabError for a detector without teacher and student, or with two that differ */
  beforeTrain({ detector, state }: TrainRun): void {
    const parts = new Map<string, Module>(detector.children());
    const [teacher, student] = ['teacher', 'student'].map((name) => parts.get(name));
    if (!teacher || !student)
      throw new DetLabError(
        `Cannot use MeanTeacherHook: expected a detector with the parts teacher and student, received ${detector.constructor.name} ` +
          `with ${[...parts.keys()].join(', ')}. It is a hook of semi-supervised detectors; EMAHook averages the weights of others`,
      );
    const ofStudent = new Map(student.named());
    this.pairs = [...teacher.named()].flatMap(([name, one]): [Parameter, Parameter][] => {
      const other = ofStudent.get(name);
      if (!other || other.variable.shape.join() !== one.variable.shape.join())
        throw new DetLabError(
          `Cannot use MeanTeacherHook: teacher.${name} is [${one.variable.shape.join(', ')}], student.${name} ` +
            `${other ? `[${other.variable.shape.join(', ')}]` : 'is not there'}. Give both the same config`,
        );
      const isLeft = one.variable.dtype !== 'float32' || (this.options.skip_buffer && one.kind === 'buffer');
      return isLeft ? [] : [[one, other]];
    });
    // of a run that goes on the teacher is in the checkpoint
    if (state.step === 0) this.move(1);
  }

  afterTrainIter({ state }: TrainRun): void {
    if (state.step % this.options.interval === 0) this.move(this.options.momentum);
  }

  private move(momentum: number): void {
    for (const [{ variable: teacher }, { variable: student }] of this.pairs)
      tf.tidy(() => teacher.assign(tf.add(tf.mul(teacher, 1 - momentum), tf.mul(student, momentum))));
  }
}

export const meanTeacherHookDefinition = defineModule({
  kind: 'hook',
  type: 'MeanTeacherHook',
  summary: 'Moves the teacher of a semi-supervised detector towards its student after every iteration',
  paper: 'Tarvainen and Valpola, Mean teachers are better role models, NIPS 2017',
  shapes: 'weights of the student -> their running average in the teacher',
  example: "{ type: 'MeanTeacherHook', momentum: 0.001, interval: 1, skip_buffer: true }",
  options,
  build: (o) => new MeanTeacherHook(o),
});
