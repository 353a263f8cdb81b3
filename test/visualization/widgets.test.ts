// Widgets in a kernel: buttons, choices, outputs, widgets of the user's own, and results that follow controls.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient } from '../../kernels/jupyter/client';
import { startKernel } from '../kernels/jupyter/kernels';

let kernel: KernelClient;
beforeAll(async () => {
  kernel = await startKernel(
    'const log: unknown[] = []; const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms));',
  );
});
afterAll(() => kernel?.stop());

const run = async (code: string) => {
  const end = await kernel.execute(code, {}, 60_000);
  expect(end.error?.traceback.join('\n')).toBeUndefined();
  return end;
};
const value = async (code: string) => (await run(code)).result;
/** Ids of the models that a cell opens, the last one last. */
const opened = async (code: string): Promise<string[]> =>
  (await run(code)).published.filter((m) => m.type === 'comm_open').map((m) => m.content.comm_id);
const stateOf = (id: string) =>
  kernel.received.find((m) => m.type === 'comm_open' && m.content.comm_id === id)?.content.data.state;
/** Sends a message of the page; returns the states that the kernel sends for it. */
async function page(comm_id: string, data: object, buffers: Buffer[] = []) {
  const id = kernel.send('shell', 'comm_msg', { comm_id, data }, { buffers });
  await kernel.wait((m) => m.parent === id && m.type === 'status' && m.content.execution_state === 'idle');
  return id;
}
const move = (id: string, state: object) => page(id, { method: 'update', state, buffer_paths: [] });
const click = (id: string) => page(id, { method: 'custom', content: { event: 'click' } });
/** The last state that the kernel sent of a property. */
const sent = (id: string, property: string) =>
  kernel.received
    .filter((m) => m.type === 'comm_msg' && m.content.comm_id === id && m.content.data.method === 'update')
    .map((m) => m.content.data.state)
    .filter((state) => property in state)
    .at(-1)?.[property];

describe('a button', () => {
  it('calls its handlers at each click, until they are ended', async () => {
    const [id] = await opened("const go = widgets.button({ description: 'Go', buttonStyle: 'primary' }); go");
    expect(stateOf(id)).toMatchObject({ _model_name: 'ButtonModel', description: 'Go', button_style: 'primary' });
    await run(
      "const end = go.onClick(() => void log.push('click')); go.onClick(async () => { await sleep(5); log.push('slow'); });",
    );
    await click(id);
    await run('end()');
    await click(id);
    expect(await value('log')).toBe("[ 'click', 'slow', 'slow' ]");
  });
});

describe('a choice', () => {
  it('is made by its index, and read by its value', async () => {
    const [id] = await opened(
      "const neck = widgets.dropdown({ options: { none: null, FPN: { type: 'FPN' }, 'PAFPN <b>': { type: 'PAFPN' } } }); neck",
    );
    expect(stateOf(id)).toMatchObject({ _options_labels: ['none', 'FPN', 'PAFPN <b>'], index: 0 });
    await move(id, { index: 2 });
    expect(await value('neck.value')).toBe("{ type: 'PAFPN' }");
    await run("neck.options = { other: { type: 'BFP' } };");
    expect([sent(id, '_options_labels'), sent(id, 'index')]).toEqual([['other'], 0]);
  });

  it('has the type of its options', async () => {
    await run(
      'const size = widgets.radioButtons({ options: [320, 640], value: 640 }); const n: 320 | 640 = size.value;',
    );
    const { error } = await kernel.execute('size.value = 512 as const;');
    expect(error?.evalue).toContain("Type '512' is not assignable to type '320 | 640'");
  });
});

describe('an output', () => {
  it('shows values as cells do, and what is printed, displayed and thrown in it', async () => {
    const [id] = await opened('const out = widgets.output(); out');
    expect(stateOf(id)).toMatchObject({
      _model_module: '@jupyter-widgets/output',
      _model_name: 'OutputModel',
      outputs: [],
    });
    await run("await out.show(html('<b>&lt;i&gt;</b>'))");
    expect(sent(id, 'outputs')).toEqual([
      { output_type: 'display_data', metadata: {}, data: { 'text/html': '<b>&lt;i&gt;</b>', 'text/plain': '<i>' } },
    ]);
    const { published } = await run(`await out.capture(async () => {
      display.clear({ wait: true });
      console.log('one'); console.log('two');
      const handle = display('first');
      await sleep(150);
      handle.update('second');
      await sleep(150);
      console.error('three');
      throw new TypeError('four');
    })`);
    expect(published.map((m) => m.type).filter((type) => /stream|display|error/.test(type))).toEqual([]);
    expect(sent(id, 'outputs')).toMatchObject([
      { output_type: 'stream', name: 'stdout', text: 'one\ntwo\n' },
      { output_type: 'display_data', data: { 'text/plain': "'second'" } },
      { output_type: 'stream', name: 'stderr', text: 'three\n' },
      { output_type: 'error', ename: 'TypeError', evalue: 'four' },
    ]);
    await run("console.log('here'); out.clear()");
    expect(sent(id, 'outputs')).toEqual([]);
  });

  it('shows the newest of slow values, and other widgets', async () => {
    const [id] = await opened('out');
    await run(`const slow = (text: string, ms: number) => ({ [Symbol.for('Jupyter.display')]: async () => { await sleep(ms); return { 'text/plain': text }; } });
      await Promise.all([out.show(slow('old', 80)), out.show(slow('new', 10))]);`);
    expect(id).toBeUndefined(); // it is open already
    expect(await value('String(out)')).toBe("'new'");
    await run('await out.show(go)');
    expect(await value('out.toHtml()')).toContain('Go');
  });

  it('keeps a bounded number of outputs, and the end of what is printed', async () => {
    await run('await out.capture(() => { for (let i = 0; i < 700; i++) display(i); })');
    await run("await out.capture(() => { for (let i = 0; i < 3000; i++) console.log('x'.repeat(99)); })");
    expect(await value('[out.outputs.length, (out.outputs.at(-1) as any).text.length]')).toBe('[ 500, 100000 ]');
  });
});

describe("a widget of the user's own", () => {
  it('shares state, bytes and messages with its module', async () => {
    const [id] = await opened(`const own = widgets.any({
      esm: 'export default { render({ model, el }) { el.textContent = model.get("count"); } }', css: 'b { color: red }',
      state: { count: 0, pixels: new Float32Array([1, 2]), deep: { list: [new Uint8Array([7])] } },
    }); own`);
    const opening = kernel.received.find((m) => m.type === 'comm_open' && m.content.comm_id === id)!;
    expect(opening.content.data).toMatchObject({
      state: {
        _model_module: 'anywidget',
        _model_name: 'AnyModel',
        _view_name: 'AnyView',
        count: 0,
        _css: 'b { color: red }',
      },
      buffer_paths: [['pixels'], ['deep', 'list', 0]],
    });
    expect(opening.content.data.state._esm).toContain('export default');
    expect(opening.buffers.map((b) => b.length)).toEqual([8, 1]);

    await run(
      "own.observe('count', (now) => void log.push(['count', now])); own.onMessage((m, buffers) => { log.push([m, buffers.length]); own.send({ pong: true }, [new Uint8Array(3)]); });",
    );
    const pixels = Buffer.from(new Float32Array([3, 4, 5]).buffer);
    await page(id, { method: 'update', state: { count: 3 }, buffer_paths: [['pixels']] }, [pixels]);
    expect(await value('[own.count, own.pixels, log.at(-1)]')).toBe(
      "[ 3, Float32Array(3) [ 3, 4, 5 ], [ 'count', 3 ] ]",
    );
    await page(id, { method: 'custom', content: { ping: 1 } }, [Buffer.from('ab')]);
    const answer = kernel.received.find((m) => m.type === 'comm_msg' && m.content.data.content?.pong)!;
    expect([answer.content.data, answer.buffers[0].length]).toEqual([{ method: 'custom', content: { pong: true } }, 3]);
    expect(await value('log.at(-1)')).toBe('[ { ping: 1 }, 1 ]');
    await run("own.esm = 'export default { render() {} }'");
    expect(sent(id, '_esm')).toBe('export default { render() {} }');
  });

  it.each([
    ["widgets.any({ esm: 'render()' })", 'expected esm to be the source of an ES module'],
    ["widgets.any({ esm: 'export default {}', state: { close: 1 } as object })", 'Cannot share "close" with a page'],
    ['own.count = NaN', 'Cannot set count of Any: expected JSON values and bytes, without the number NaN'],
  ])('refuses %s', async (code, message) => {
    expect((await kernel.execute(code)).error?.evalue).toContain(message);
  });
});

describe('interact', () => {
  it('draws again at each change, and shows what was printed and thrown', async () => {
    const { published } = await run(
      "const a = widgets.intSlider({ value: 2 }); const b = widgets.checkbox(); await widgets.interact({ a, b }, ({ a, b }) => { console.log('drawn'); if (a > 50) throw new Error('too far'); return [a, b]; })",
    );
    const shown = published.filter((m) => /display_data|execute_result/.test(m.type));
    expect(shown.map((m) => m.content.data['text/plain'])).toEqual(['2 (0 to 100)\nno\n[ 2, false ]']);
    const opened = published.filter((m) => m.type === 'comm_open');
    const id = (model: string) => opened.find((m) => m.content.data.state._model_name === model)?.content.comm_id;
    const result = () => sent(id('OutputModel'), 'outputs').at(-1);
    await move(id('IntSliderModel'), { value: 9 });
    expect(result().data['text/plain']).toBe('[ 9, false ]');
    await move(id('CheckboxModel'), { value: true });
    expect(result().data['text/plain']).toBe('[ 9, true ]');
    expect(sent(id('OutputModel'), 'outputs')[0]).toMatchObject({ name: 'stdout', text: 'drawn\n' });
    await move(id('IntSliderModel'), { value: 51 });
    expect(result()).toMatchObject({ output_type: 'error', evalue: 'too far' });
  });

  it('knows the types of its values', async () => {
    const { error } = await kernel.execute('await widgets.interact({ a }, ({ a }) => a.toUpperCase())');
    expect(error?.evalue).toContain("Property 'toUpperCase' does not exist on type 'number'");
    const wrong = await kernel.execute('await widgets.interact({ go: go as any }, () => 1)');
    expect(wrong.error?.evalue).toContain('Cannot interact with "go": expected a widget with a value');
  });
});
