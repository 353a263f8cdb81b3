// The stages of a detector as a table: type, output shapes, parameters and trainable parameters of each.

import type { Table } from './table';

export interface StageSummary {
  /** Path in the model: `backbone.layer1`. */
  path: string;
  type: string;
  /** [height, width, channels] of each output, for the given input size. */
  outputs: readonly (readonly number[])[];
  strides: readonly number[];
  parameters: number;
  trainable: number;
}

export const millions = (n: number): string =>
  n >= 1e6 ? `${(n / 1e6).toFixed(2)} M` : n >= 1e3 ? `${(n / 1e3).toFixed(1)} k` : String(n);

const training = ({ parameters, trainable }: { parameters: number; trainable: number }): string =>
  parameters === 0
    ? ''
    : trainable === 0
      ? 'frozen'
      : trainable === parameters
        ? 'trained'
        : `${millions(trainable)} trained`;

/**
 * @param stages rows in order; a dotted path is a part of the stage above: indented, excluded from the totals
 */
export function summaryTable(stages: readonly StageSummary[], title: string, note?: string): Table {
  const whole = stages.filter((s) => !s.path.includes('.'));
  const sum = (key: 'parameters' | 'trainable') => whole.reduce((total, s) => total + s[key], 0);
  const total = { parameters: sum('parameters'), trainable: sum('trainable') };
  return {
    title,
    columns: [
      { title: 'stage' },
      { title: 'type' },
      { title: 'output (h × w × c)' },
      { title: 'stride', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: '' },
    ],
    rows: [
      ...stages.map((s) => [
        s.path.includes('.') ? `  ${s.path.slice(s.path.indexOf('.'))}` : s.path,
        s.type,
        s.outputs.map((o) => o.join('×')).join(', '),
        s.strides.join(', '),
        s.parameters === 0 ? '' : millions(s.parameters),
        training(s),
      ]),
      ['total', '', '', '', millions(total.parameters), training(total)],
    ],
    strong: [stages.length],
    note,
  };
}
