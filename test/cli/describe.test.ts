// `detlab describe` and `detlab modules`.

import { expect, test } from 'vitest';
import { detlab } from './detlab';

test('describe prints what a module is, several if asked, and as JSON', async () => {
  const { code, out } = await detlab('describe', 'FPN', 'mmdet.LoggerHook');
  expect(code).toBe(0);
  expect(out).toMatch(/^FPN \(neck\): Feature pyramid/);
  expect(out).toMatch(/\nout_channels +int > 0 +required +Channels of every output/);
  expect(out).toMatch(/\nin_channels +list of int > 0 +inferred +Channels of each backbone/);
  expect(out).toMatch(/\n\nLoggerHook \(hook\)/);
  const [json] = (await detlab('describe', 'FPN', '--json')).lines();
  expect(json).toMatchObject({
    event: 'module',
    kind: 'neck',
    type: 'FPN',
    paper: expect.stringContaining('CVPR 2017'),
  });
  expect(json.options.find(({ name }: { name: string }) => name === 'num_outs')).toEqual({
    name: 'num_outs',
    type: 'int > 0',
    default: 'required',
    required: true,
    meaning: 'Number of output levels',
  });
});

test('a near miss suggests, and what was right is not printed before', async () => {
  const { code, out, err } = await detlab('describe', 'FPN', 'PAFNP');
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/no module has this type name. Did you mean "PAFPN"\? `detlab modules` lists all \d+/);
});

test.each([
  ['init_detector', "`await detector('CONFIG').load('weights.pth')`"],
  ['inference_detector', "`await model.predict('photo.jpg')`"],
  ['show_result', "`await found.save('found.png')`"],
  ['init_detectr', 'init_detector is of'],
])('%s of MMDetection says what to write here', async (name, instead) => {
  const { code, err } = await detlab('describe', name);
  expect([code, err]).toEqual([2, expect.stringContaining(instead)]);
});

test('modules lists the catalogue by kind', async () => {
  const all = (await detlab('modules', '--json')).lines();
  const kinds = new Set(all.map(({ kind }) => kind));
  for (const kind of ['detector', 'neck', 'transform', 'dataset', 'metric', 'optimizer', 'param_scheduler', 'hook'])
    expect(kinds).toContain(kind);
  expect((await detlab('modules', 'optimizers')).out).toMatch(/^optimizer \(\d+\)\n {2}SGD +\S/);
  expect((await detlab('modules', 'neks')).err).toMatch(/Did you mean "neck"/);
});
