// Outputs of a notebook that runs without Jupyter.

import { expect, it } from 'vitest';
import { type NotebookCell, OutputCollector } from '../../../../kernels/jupyter/headless/output-collector';
import type { Request } from '../../../../kernels/jupyter/protocol/thread-messages';

it('clears outputs at once, or when there is something new', () => {
  const cell: NotebookCell = { cell_type: 'code', source: '', outputs: [] };
  const request = { seq: 1 } as Request;
  const output = new OutputCollector(() => {});
  void output.expect(request, cell);
  const texts = () => cell.outputs!.map((output) => output.text ?? output.data?.['text/plain']);
  const show = (text: string) =>
    output.publish('display_data', { data: { 'text/plain': text }, metadata: {} }, request);

  output.stream('stdout', 'one', request);
  output.publish('clear_output', { wait: false }, request);
  expect(texts()).toEqual([]);
  show('two');
  output.publish('clear_output', { wait: true }, request);
  expect(texts()).toEqual(['two']);
  output.stream('stdout', 'three', request);
  output.stream('stdout', ' four', request);
  expect(texts()).toEqual(['three four']);
  output.publish('clear_output', { wait: true }, request);
  show('five');
  expect(texts()).toEqual(['five']);
});
