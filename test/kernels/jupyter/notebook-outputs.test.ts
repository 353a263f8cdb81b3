// Outputs of a notebook that runs without Jupyter.

import { expect, it } from 'vitest';
import { type Cell, collectOutputs } from '../../../kernels/jupyter/notebook-outputs';
import type { Request } from '../../../kernels/jupyter/threads';

it('clears outputs at once, or when there is something new', () => {
  const cell: Cell = { cell_type: 'code', source: '', outputs: [] };
  const request = { seq: 1 } as Request;
  const { outlet, expect: collect } = collectOutputs(() => {});
  void collect(request, cell);
  const texts = () => cell.outputs!.map((output) => output.text ?? output.data?.['text/plain']);
  const show = (text: string) =>
    outlet.publish('display_data', { data: { 'text/plain': text }, metadata: {} }, request);

  outlet.stream('stdout', 'one', request);
  outlet.publish('clear_output', { wait: false }, request);
  expect(texts()).toEqual([]);
  show('two');
  outlet.publish('clear_output', { wait: true }, request);
  expect(texts()).toEqual(['two']);
  outlet.stream('stdout', 'three', request);
  outlet.stream('stdout', ' four', request);
  expect(texts()).toEqual(['three four']);
  outlet.publish('clear_output', { wait: true }, request);
  show('five');
  expect(texts()).toEqual(['five']);
});
