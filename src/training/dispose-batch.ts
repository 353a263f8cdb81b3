// What the data preprocessor made of a batch is whose who asked for it.

import type { DetBatch } from '../models/types';

/** Frees the images of a batch, those of its branches included. */
export function disposeBatch({ inputs, branches }: DetBatch): void {
  inputs.dispose();
  branches?.unsup_teacher.inputs.dispose();
  branches?.unsup_student.inputs.dispose();
}
