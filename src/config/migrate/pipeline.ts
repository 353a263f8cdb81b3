// Translates pipelines of MMDetection 1.x and 2.x to 3.x. Normalisation and batch padding move to the model's data
// preprocessor; DefaultFormatBundle and Collect become PackDetInputs.

import { type ConfigObject, type ConfigValue, isObject } from '../data';
import type { PipelineContext } from './pipeline-context';
import { testAugmentation } from './test-augmentation';
import { migrateTransform } from './transforms';

/** Steps that change boxes, and so must change proposals. */
const GEOMETRIC = /^(Resize|RandomResize|RandomChoiceResize|RandomFlip|RandomCrop|RandomChoice)$/;

export function migratePipeline(steps: readonly ConfigValue[], path: string, context: PipelineContext): ConfigObject[] {
  const text = JSON.stringify(steps);
  const known = context.done.get(text);
  if (known) return known;
  context.preprocessing.hasPipeline = true;
  const migrated = withProposals(migrateSteps(steps, path, context), path, context);
  leaveBytes(migrated, path, context);
  context.done.set(text, migrated);
  return migrated;
}

function migrateSteps(steps: readonly ConfigValue[], path: string, context: PipelineContext): ConfigObject[] {
  const inner = (given: ConfigValue, below: string) =>
    Array.isArray(given) ? migrateSteps(given, below, context) : [];
  const migrated: ConfigObject[] = [];
  for (const [i, step] of steps.entries()) {
    const at = `${path}[${i}]`;
    if (!isObject(step)) context.changes.leave(at, 'expected a transform, dict(type=...)');
    else if (step.type === 'MultiScaleFlipAug') migrated.push(...testAugmentation(step, at, inner, migrated, context));
    else migrated.push(...migrateTransform(step, at, inner, context));
  }
  return migrated;
}

/** Steps of 2.x required floats from the start; those of 3.x convert as needed, except one. */
function leaveBytes(steps: readonly ConfigObject[], path: string, { changes }: PipelineContext): void {
  if (steps.some(({ type }) => type === 'RandomCenterCropPad')) return;
  for (const step of steps) {
    if (step.type !== 'LoadImageFromFile' || step.to_float32 !== true) continue;
    delete step.to_float32;
    changes.note(`${path}: to_float32`, 'dropped: steps that need floats convert to them');
  }
}

/** Wraps the steps that change boxes in a ProposalBroadcaster, so that loaded proposals follow. */
function withProposals(steps: ConfigObject[], path: string, { changes }: PipelineContext): ConfigObject[] {
  const first = steps.findIndex(({ type }) => GEOMETRIC.test(String(type)));
  if (first < 0 || !steps.slice(0, first).some(({ type }) => type === 'LoadProposals')) return steps;
  const after = steps.slice(first).findIndex(({ type }) => !GEOMETRIC.test(String(type)));
  const last = after < 0 ? steps.length : first + after;
  changes.note(`${path}: geometric transforms after LoadProposals`, 'inside ProposalBroadcaster');
  return [
    ...steps.slice(0, first),
    { type: 'ProposalBroadcaster', transforms: steps.slice(first, last) },
    ...steps.slice(last),
  ];
}
