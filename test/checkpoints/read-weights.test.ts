// Checkpoints as PyTorch and mmengine wrote them, and files that were damaged or made to do harm.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { unpickle } from '../../src/checkpoints/pickle-machine';
import { pickleCheckpoint } from '../../src/checkpoints/pickle-writer';
import { parseWeights, readWeights } from '../../src/checkpoints/read-weights';
import { writeTorchFile } from '../../src/checkpoints/write-torch-file';
import { DetLabError } from '../../src/errors';
import { decodeTensor, encodeTensor, type StoredState } from '../../src/nn/stored-tensor';
import { Random } from '../../src/random';

const golden = (name: string) => join(__dirname, '../golden/checkpoints', name);
const expected = JSON.parse(readFileSync(golden('expected.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'detlab-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Shapes and values, as Python told them. */
function told(tensors: StoredState) {
  const of = ([name, tensor]: [string, Parameters<typeof decodeTensor>[0]]) => [
    name,
    { shape: tensor.shape, values: [...decodeTensor(tensor, name, 'test').data] },
  ];
  return Object.fromEntries([...tensors].map((entry) => of(entry)));
}

describe('files of torch.save', () => {
  test.each([
    ['dtypes_zip.pth', 'zip', ''],
    ['dtypes_legacy.pth', 'legacy', ''],
    ['model_args.pth', 'zip', 'model'],
  ])('%s: every dtype, shared, strided and expanded storages', (name, format, key) => {
    const weights = readWeights(golden(name));
    expect(weights).toMatchObject({ format, key });
    expect([...weights.tensors.keys()]).toEqual(Object.keys(expected.dtypes));
    expect(told(weights.tensors)).toEqual(expected.dtypes);
    expect(weights.tensors.get('bf16')!.dtype).toBe('BF16');
    expect(weights.tensors.get('flag')!.dtype).toBe('BOOL');
    if (key) expect(weights.skipped).toEqual(['args (refused: argparse.Namespace)']);
  });

  test("mmengine's: the weights are read, the rest is told and not built", () => {
    const weights = readWeights(golden('mmengine.pth'));
    expect(told(weights.tensors)).toEqual(expected.mmengine);
    expect(weights.classes).toEqual(['cat', 'dog']);
    const hub = weights.skipped.find((part) => part.startsWith('message_hub'));
    expect(hub).toContain('mmengine.logging.history_buffer.HistoryBuffer');
    expect(weights.skipped).toEqual(expect.arrayContaining(['meta', 'optimizer', 'param_schedulers']));
  });

  test('a chosen entry', () => {
    expect(readWeights(golden('model_args.pth'), { key: 'model' }).tensors.size).toBeGreaterThan(10);
    expect(() => readWeights(golden('model_args.pth'), { key: 'ema' })).toThrow(
      /no tensors under "ema". Its keys: model, args/,
    );
  });
});

describe('what is refused, by name', () => {
  test.each([
    [
      'refused_weights.pth',
      /"state_dict", received a Python object of class __main__\.Custom, which only its Python code/,
    ],
    ['whole_module.pth', /Python object of class torch\.nn\.modules\.conv\.Conv2d.*torch\.save\(\{"state_dict"/],
    ['evil.pth', /calls the Python function (posix|os|nt)\.system, which runs programs.*No code was run/],
  ])('%s', (name, message) => {
    expect(() => readWeights(golden(name))).toThrow(message);
    expect(existsSync('owned.txt')).toBe(false);
  });

  const pickle = (text: string) => () => unpickle(Buffer.from(text, 'latin1'), { name: 'p.pth' });
  test.each([
    ['a call of the shell in protocol 0', 'cposix\nsystem\n(S"echo"\ntR.', /posix\.system/],
    ['the interpreter', 'c__builtin__\neval\n(S"1"\ntR.', /builtins\.eval/],
    ['an instance of subprocess', '(S"ls"\nisubprocess\nPopen\n.', /subprocess\.Popen/],
    ['a name put together on the stack', '\x8c\x02os\x8c\x06system\x93.', /os\.system/],
    ['an extension code', '\x82\x01.', /unknown instruction 130/],
    ['a protocol of the future', '\x80\x09.', /protocol 0 to 5, received 9/],
    ['a lying length', 'X\xff\xff\xff\x7fab.', /ends early: expected 2147483647 bytes/],
    ['an endless integer', '\x8b\xff\xff\xff\x7f.', /integer of 2147483647 bytes/],
    ['no end', 'N', /ends early/],
    ['too few values', 'R.', /pops more values than it pushed/],
    ['a lost mark', 't.', /no mark to pop to/],
  ])('%s', (_, text, message) => {
    expect(pickle(text)).toThrow(message);
    expect(pickle(text)).toThrow(DetLabError);
  });

  test('nesting, sharing and circles cost nothing', () => {
    // a list in a list, a million deep
    const deep = Buffer.concat([Buffer.alloc(1_000_000, ']'), Buffer.alloc(999_999, 'a'), Buffer.from('.')]);
    expect(unpickle(deep, { name: 'deep' }).value).toHaveLength(1);
    // each list holds the one before it twice: 2^60 values for whoever walks them
    let laughs = ']q\x00';
    for (let i = 1; i < 60; i++) {
      const [last, own] = [i - 1, i].map((code) => String.fromCharCode(code));
      laughs += `0](h${last}h${last}eq${own}`;
    }
    const file = torchFile(Buffer.from(`\x80\x02}(X\x01\x00\x00\x00a${laughs}u.`, 'latin1'));
    expect(() => parseWeights(file, 'laughs.pth')).toThrow(/it has no tensors/);
    const circle = unpickle(Buffer.from(']q\x00h\x00a.', 'latin1'), { name: 'circle' }).value as unknown[];
    expect(circle[0]).toBe(circle);
  });
});

/** A torch archive around a pickle of our own, from the writer's output with the pickle exchanged. */
function torchFile(pickle: Buffer, entries: [string, Buffer][] = [], compress = false): Buffer {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let offset = 0;
  for (const [name, data] of [['a/data.pkl', pickle] as [string, Buffer], ...entries]) {
    const packed = compress ? deflateRawSync(data) : data;
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(compress ? 8 : 0, 8);
    head.writeUInt16LE(name.length, 26);
    const line = Buffer.alloc(46);
    line.writeUInt32LE(0x02014b50, 0);
    line.writeUInt16LE(compress ? 8 : 0, 10);
    line.writeUInt32LE(packed.length, 20);
    line.writeUInt32LE(data.length, 24);
    line.writeUInt16LE(name.length, 28);
    line.writeUInt32LE(offset, 42);
    parts.push(head, Buffer.from(name), packed);
    list.push(line, Buffer.from(name));
    offset += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length + 1, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

describe('archives', () => {
  const state: StoredState = new Map([
    ['w', encodeTensor('w', { shape: [2, 2], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4) })],
  ]);
  const pickle = pickleCheckpoint(state, {});
  const data = Buffer.from(state.get('w')!.bytes);

  test('packed again by hand', () => {
    const { tensors } = parseWeights(torchFile(pickle, [['a/data/0', data]], true));
    expect(told(tensors)).toEqual({ w: { shape: [2, 2], values: [1, 2, 3, 4] } });
  });

  test('a bomb of zeros, and tensors larger than the file', () => {
    const bomb = torchFile(pickle, [['a/data/0', Buffer.alloc(300 * 2 ** 20)]], true);
    expect(() => parseWeights(bomb, 'bomb.pth')).toThrow(/far more than a file of \d+ bytes can legitimately hold/);
    const huge = pickleCheckpoint(new Map([['w', { ...state.get('w')!, shape: [2 ** 30, 2 ** 20] }]]), {});
    expect(() => parseWeights(torchFile(huge, [['a/data/0', data]]), 'huge.pth')).toThrow(
      /"w" of shape .* extends to element/,
    );
    // strides of zero make a few bytes a tensor of any size
    const flat = pickleCheckpoint(new Map([['w', { ...state.get('w')!, shape: [0xfffffff, 1] }]]), {});
    const stride = Buffer.from(flat.toString('latin1').replace('(K\x01K\x01t', '(K\x00K\x01t'), 'latin1');
    expect(() => parseWeights(torchFile(stride, [['a/data/0', data]]), 'wide.pth')).toThrow(
      /would take 1073741820 bytes/,
    );
  });

  test('big-endian numbers, scripts and other archives are told apart', () => {
    const with_ = (name: string, text: string) =>
      torchFile(pickle, [
        ['a/data/0', data],
        [name, Buffer.from(text)],
      ]);
    expect(() => parseWeights(with_('a/byteorder', 'big'))).toThrow(/big-endian/);
    expect(() => parseWeights(with_('a/code/__torch__.py', ''))).toThrow(/TorchScript/);
    expect(() => parseWeights(Buffer.from('PK\x03\x04 and nothing else'))).toThrow(/no end record/);
    expect(() => parseWeights(Buffer.from('nothing at all'))).toThrow(
      /expected a zip archive, a pickle or safetensors/,
    );
    expect(() => readWeights(join(folder, 'none.pth'))).toThrow(/Cannot read the checkpoint .*ENOENT/);
    expect(() => readWeights(folder)).toThrow(/a folder/);
  });
});

test('some thousand damaged files end in an error of ours or in tensors, never otherwise', () => {
  const path = join(folder, 'small.pth');
  writeTorchFile(
    path,
    new Map([['w', encodeTensor('w', { shape: [3], dtype: 'float32', data: new Float32Array(3) })]]),
  );
  const files = [path, ...['dtypes_zip.pth', 'dtypes_legacy.pth', 'mmengine.pth'].map(golden)].map((f) =>
    readFileSync(f),
  );
  const random = Random.seeded(7);
  const below = (n: number) => Math.floor(random.uniform(0, n));
  let read = 0;
  for (let i = 0; i < 4000; i++) {
    const file = Buffer.from(files[i % files.length]);
    let bytes = file;
    for (let k = below(4); k >= 0; k--) {
      const at = below(file.length);
      const kind = below(5);
      if (kind === 0) file[at] = below(256);
      else if (kind === 1) file[at] ^= 1 << below(8);
      else if (kind === 2) bytes = file.subarray(0, at);
      else if (kind === 3) file.copy(file, at, below(file.length), below(file.length));
      else file.fill(0xff, at, Math.min(at + 1 + below(8), file.length));
    }
    try {
      parseWeights(bytes, 'damaged.pth');
      read++;
    } catch (error) {
      if (!(error instanceof DetLabError)) throw error;
    }
  }
  expect(read).toBeGreaterThan(100);
});
