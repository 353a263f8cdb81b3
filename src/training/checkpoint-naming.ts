// Names of the folders of checkpoints: `epoch_3` and `iter_120`, or those of a template (`filename_tmpl`: 'model_{}.pth').

import { checkpointName, type TrainingState } from './checkpoint';

export interface CheckpointNaming {
  nameOf(state: TrainingState): string;
  /** Names that the template gives. */
  pattern?: RegExp;
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a template has one place for the number, and gives names that can be folders and mean nothing else. */
export const isTemplate = (template: string): boolean =>
  template.split('{}').length === 2 &&
  !/[/\\]/.test(template) &&
  !/^(\.|best|last_checkpoint)/.test(template) &&
  template.replace(/\.pth$/, '') !== '{}';

/**
 * @param template names the checkpoints of `unit`; others keep their usual names
 * @example checkpointNaming('model_{}.pth', 'epoch').nameOf(state) // 'model_3'
 */
export function checkpointNaming(template: string | undefined, unit: 'epoch' | 'iteration'): CheckpointNaming {
  if (template === undefined) return { nameOf: checkpointName };
  const [before, after] = template.replace(/\.pth$/, '').split('{}');
  return {
    nameOf(state) {
      const usual = checkpointName(state);
      const [kind, number] = usual.split('_');
      return kind === (unit === 'epoch' ? 'epoch' : 'iter') ? `${before}${number}${after}` : usual;
    },
    pattern: new RegExp(`^${escaped(before)}\\d+${escaped(after)}$`),
  };
}
