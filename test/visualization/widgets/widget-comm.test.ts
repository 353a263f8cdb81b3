// Jupyter's widget protocol, with a real kernel and a client in the place of the page.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelClient, Received } from '../../../kernels/jupyter/client';
import { startKernel } from '../../kernels/jupyter/kernels';

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
const VIEW = 'application/vnd.jupyter.widget-view+json';
/** Runs a cell that ends in a widget; returns the id of its model, and what was opened. */
async function shown(code: string) {
  const { published } = await run(code);
  const bundle = published.find((m) => m.type === 'execute_result')?.content.data;
  const opened = published.filter((m) => m.type === 'comm_open');
  return { id: bundle?.[VIEW]?.model_id as string, bundle, opened };
}
const idle = (id: string) =>
  kernel.wait((m) => m.parent === id && m.type === 'status' && m.content.execution_state === 'idle');
const sentFor = (id: string): Received[] =>
  kernel.received.filter((m) => m.channel === 'iopub' && m.parent === id && m.type !== 'status');
/** Sends a message of the page; returns what the kernel sends while it handles it. */
async function page(comm_id: string, data: object, buffers: Buffer[] = []) {
  const id = kernel.send('shell', 'comm_msg', { comm_id, data }, { buffers });
  await idle(id);
  return sentFor(id);
}
const move = (id: string, state: object) => page(id, { method: 'update', state, buffer_paths: [] });
const value = async (code: string) => (await run(code)).result;

describe('a slider', () => {
  it('opens with its state, and is shown with HTML and text beside it', async () => {
    const { id, bundle, opened } = await shown(
      "const s = widgets.floatSlider({ min: 0, max: 2, value: 0.5, description: 'score <b>', layout: { width: '300px' } }); s",
    );
    expect(bundle[VIEW]).toEqual({ version_major: 2, version_minor: 0, model_id: id });
    expect(bundle['text/plain']).toBe('score <b>: 0.5 (0 to 2)');
    expect(bundle['text/html']).toContain('score &lt;b&gt;');
    expect(bundle['text/html']).not.toContain('<script');
    const [layout, slider] = opened;
    expect(layout.content.data.state).toEqual({
      _model_module: '@jupyter-widgets/base',
      _model_module_version: '2.0.0',
      _model_name: 'LayoutModel',
      _view_module: '@jupyter-widgets/base',
      _view_module_version: '2.0.0',
      _view_name: 'LayoutView',
      width: '300px',
    });
    expect(slider.metadata).toEqual({ version: '2.1.0' });
    expect(slider.content).toMatchObject({
      comm_id: id,
      target_name: 'jupyter.widget',
      data: {
        state: {
          _model_module: '@jupyter-widgets/controls',
          _model_module_version: '2.0.0',
          _model_name: 'FloatSliderModel',
          _view_name: 'FloatSliderView',
          layout: `IPY_MODEL_${layout.content.comm_id}`,
          value: 0.5,
          max: 2,
          continuous_update: true,
          readout_format: '.2f',
        },
        buffer_paths: [],
      },
    });
  });

  it('takes what the page sets, echoes it, and calls observers in their cell', async () => {
    const { id } = await shown('s');
    const observing = await run(
      "s.observe((now, before) => { log.push([now, before]); console.log('at ' + now); }); s.value",
    );
    const sent = await move(id, { value: 1.25 });
    expect(sent.map((m) => [m.type, m.content.data?.method, m.content.data?.state])).toEqual([
      ['comm_msg', 'echo_update', { value: 1.25 }],
    ]);
    expect(await value('[s.value, log.at(-1)]')).toBe('[ 1.25, [ 1.25, 0.5 ] ]');
    const printed = await kernel.wait((m) => m.type === 'stream' && m.content.text === 'at 1.25\n');
    expect(printed.parent).toBe(observing.published[0].parent);
  });

  it('shows what the program sets, and calls observers', async () => {
    const { id, published } = await run('s.value = 0.75; s.max = 0.5; [s.value, log.at(-1)]').then(async (end) => ({
      ...end,
      id: (await shown('s')).id,
    }));
    const updates = published.filter((m) => m.type === 'comm_msg' && m.content.comm_id === id);
    expect(Object.assign({}, ...updates.map((m) => m.content.data.state))).toEqual({ value: 0.5, max: 0.5 });
    expect(await value('log.slice(-2)')).toBe('[ [ 0.75, 1.25 ], [ 0.5, 0.75 ] ]');
  });

  it('sends the changes of one turn together', async () => {
    const { published } = await run('for (let i = 0; i < 2000; i++) s.value = i / 4000;');
    const updates = published.filter((m) => m.type === 'comm_msg');
    expect(updates.length).toBeLessThan(200);
    expect(updates.at(-1)?.content.data.state).toEqual({ value: 1999 / 4000 });
  });

  it.each([
    ["(s as any).value = '1'", 'Cannot set value of FloatSlider: expected a finite number, received the string "1"'],
    ['s.value = NaN', 'Cannot set value of FloatSlider: expected a finite number, received the number NaN'],
    ['s.value = 7', 'Cannot set value of FloatSlider: expected 0 to 0.5, received 7'],
    ['s.min = 3', 'Cannot set the bounds of FloatSlider: expected min <= max, received 3 and 0.5'],
    ['widgets.floatSlider({ mni: 1 } as any)', 'there is no such property. Did you mean "min"?'],
    ["widgets.floatSlider({ orientation: 'horizontl' } as any)", 'Did you mean "horizontal"?'],
    ["s.observe('vale' as any, () => {})", 'Did you mean "value"?'],
    ["widgets.floatSlider({ layout: { widht: '1px' } as any })", 'Did you mean "width"?'],
  ])('refuses %s', async (code, message) => {
    const { error } = await kernel.execute(code);
    expect(error?.evalue).toContain(message);
  });

  it('is checked by its types', async () => {
    const { error } = await kernel.execute("widgets.floatSlider({ mni: 1 }); s.value = 'x';");
    expect(error?.traceback.join('\n')).toMatch(
      /'mni' does not exist[\s\S]*Type 'string' is not assignable to type 'number'/,
    );
  });
});

describe('handlers', () => {
  it('show their error in the cell that set them, the last one in place of the one before, and go on', async () => {
    const { id } = await shown('const bad = widgets.intSlider(); bad');
    const setting = await run("bad.observe((v) => { if (v < 3) throw new RangeError('no ' + v); log.push(v); });");
    await move(id, { value: 1 });
    const first = await kernel.wait((m) => m.type === 'display_data' && /no 1/.test(m.content.data['text/plain']));
    expect(first.parent).toBe(setting.published[0].parent);
    expect(first.content.data['application/vnd.jupyter.stderr']).toContain('RangeError');
    await move(id, { value: 2 });
    const second = await kernel.wait(
      (m) => m.type === 'update_display_data' && /no 2/.test(m.content.data['text/plain']),
    );
    expect(second.content.transient.display_id).toBe(first.content.transient.display_id);
    await move(id, { value: 3 });
    expect(await value('log.at(-1)')).toBe('3');
  });

  it('hold the next message until they end, and end by Stop', async () => {
    const { id } = await shown('const long = widgets.intSlider(); long');
    await run(
      "long.observe(async (v) => { console.log('begin'); if (v === 1) for (;;) await sleep(5); if (v === 2) for (;;); log.push(v); });",
    );
    for (const endless of [1, 2]) {
      const before = kernel.received.length;
      const message = kernel.send('shell', 'comm_msg', {
        comm_id: id,
        data: { method: 'update', state: { value: endless } },
      });
      await kernel.wait(
        (m) => kernel.received.indexOf(m) >= before && m.type === 'stream' && m.content.text.includes('begin'),
      );
      await kernel.request('interrupt_request', {}, 'control');
      await idle(message);
    }
    await move(id, { value: 5 });
    expect(await value('[long.value, log.at(-1)]')).toBe('[ 5, 5 ]');
  });

  it('redraw a display of their cell in place', async () => {
    const { id } = await shown('const zoom = widgets.intSlider({ value: 1 }); zoom');
    const { published } = await run(
      "const view = display('zoom 1'); zoom.observe((z) => { view.update('zoom ' + z); display('also ' + z, { id: 'also' }); });",
    );
    const place = published.find((m) => m.type === 'display_data')!.content.transient.display_id;
    await move(id, { value: 7 });
    const update = await kernel.wait(
      (m) => m.type === 'update_display_data' && m.content.data['text/plain'] === "'zoom 7'",
    );
    expect(update.content.transient.display_id).toBe(place);
    await kernel.wait((m) => m.type === 'display_data' && m.content.data['text/plain'] === "'also 7'");
    await move(id, { value: 8 });
    await kernel.wait((m) => m.type === 'update_display_data' && m.content.data['text/plain'] === "'also 8'");
  });
});

describe('a page that is opened later', () => {
  it('receives all widgets at once, bytes as bytes', async () => {
    const png =
      'Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=", "base64")';
    const { id } = await shown(`const pixel = widgets.image({ value: ${png}, width: '32' }); pixel`);
    kernel.send('shell', 'comm_open', { comm_id: 'ctl', target_name: 'jupyter.widget.control', data: {} });
    const [answer] = await page('ctl', { method: 'request_states' });
    const { method, states, buffer_paths } = answer.content.data;
    expect(method).toBe('update_states');
    const sliders = Object.values<{ model_name: string; state: { value?: number } }>(states);
    expect(sliders.filter(({ model_name }) => model_name === 'FloatSliderModel').length).toBeGreaterThan(0);
    expect(states[id]).toMatchObject({
      model_name: 'ImageModel',
      model_module: '@jupyter-widgets/controls',
      model_module_version: '2.0.0',
      state: { format: 'png', width: '32' },
    });
    expect(states[id].state).not.toHaveProperty('value');
    expect(buffer_paths).toContainEqual([id, 'state', 'value']);
    expect(answer.buffers[buffer_paths.findIndex(([of]: string[]) => of === id)].subarray(1, 4).toString()).toBe('PNG');
  });

  it('receives the state of each that it asks for', async () => {
    const { id } = await shown('pixel');
    const [answer] = await page(id, { method: 'request_state' });
    expect(answer.content.data).toMatchObject({
      method: 'update',
      state: { _model_name: 'ImageModel', _view_name: 'ImageView' },
      buffer_paths: [['value']],
    });
    expect(answer.buffers[0].length).toBeGreaterThan(60);
  });
});

describe('what is closed or replaced', () => {
  it('is freed', async () => {
    const { id } = await shown('const gone = widgets.checkbox({ layout: { width: "1px" } }); gone');
    const { published } = await run('gone.close(); gone.value = true; [gone.closed, gone.value]');
    expect(published.filter((m) => m.type === 'comm_close').map((m) => m.content.comm_id)).toContain(id);
    const { comms } = await kernel.request('comm_info_request', { target_name: 'jupyter.widget' });
    expect(comms).not.toHaveProperty(id);
    expect((await shown('gone')).bundle).not.toHaveProperty(VIEW); // its text is still shown
  });

  it('is freed when its cell is run again and no variable has it', async () => {
    const cell = { metadata: { cellId: 'replaced' } };
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const code = 'widgets.hbox([widgets.intText(), s])';
      const end = await kernel.finish(kernel.send('shell', 'execute_request', { code, silent: false }, cell));
      ids.push(end.published.find((m) => m.type === 'execute_result')!.content.data[VIEW].model_id);
    }
    await run(
      "import v8 from 'node:v8'; import vm from 'node:vm'; v8.setFlagsFromString('--expose-gc'); const gc = vm.runInNewContext('gc'); for (let i = 0; i < 5; i++) { await sleep(30); gc(); }",
    );
    const { comms } = await kernel.request('comm_info_request', { target_name: 'jupyter.widget' });
    expect(ids.map((id) => id in comms)).toEqual([false, false, true]);
    expect(Object.keys(comms)).toContain((await shown('s')).id);
  });

  it('is opened again after a page without widgets has closed it', async () => {
    const { id } = await shown('const again = widgets.text(); again');
    await idle(kernel.send('shell', 'comm_close', { comm_id: id, data: {} }));
    const { id: second, opened } = await shown('again');
    expect(second).not.toBe(id);
    expect(opened.map((m) => m.content.comm_id)).toEqual([second]);
  });
});
