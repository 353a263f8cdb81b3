import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parseSafetensors, serializeSafetensors } from '../../src/checkpoints/safetensors';
import { readSafetensors, writeSafetensors } from '../../src/checkpoints/safetensors-file';
import type { StateDict } from '../../src/nn/module';

const folder = mkdtempSync(join(tmpdir(), 'detlab-safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const state: StateDict = new Map([
  ['conv.weight', { shape: [2, 1, 1, 3], dtype: 'float32', data: Float32Array.of(1, -2, 3.5, 0, 1e-30, 4) }],
  ['bn.num_batches_tracked', { shape: [], dtype: 'int32', data: Int32Array.of(7) }],
  ['ids', { shape: [3], dtype: 'int32', data: Int32Array.of(-1, 0, 2 ** 31 - 1) }],
  ['none', { shape: [0, 4], dtype: 'float32', data: new Float32Array(0) }],
]);

/** A file with one tensor of raw bytes. */
function file(dtype: string, shape: number[], bytes: Uint8Array, offsets = [0, bytes.byteLength]): Uint8Array {
  const header = Buffer.from(JSON.stringify({ x: { dtype, shape, data_offsets: offsets } }));
  const out = new Uint8Array(8 + header.byteLength + bytes.byteLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.byteLength), true);
  out.set(header, 8);
  out.set(bytes, 8 + header.byteLength);
  return out;
}
const bytesOf = (a: { buffer: ArrayBufferLike }) => new Uint8Array(a.buffer);

test('a state dict survives a round trip, order and metadata included', () => {
  const path = join(folder, 'a.safetensors');
  writeSafetensors(path, state, { format: 'pt', note: 'é' });
  const read = readSafetensors(path);
  expect([...read.tensors]).toEqual([...state]);
  expect(read.metadata).toEqual({ format: 'pt', note: 'é' });
  const headerBytes = Number(readFileSync(path).readBigUInt64LE(0));
  expect(headerBytes % 8).toBe(0);
});

test('half, bfloat16, double and wide integers become float32 and int32', () => {
  // 1, -2, 65504 (largest), 2^-24 (smallest), -Infinity
  const half = file('F16', [5], bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001, 0xfc00)));
  expect([...parseSafetensors(half).tensors.get('x')!.data]).toEqual([
    1,
    -2,
    65504,
    2 ** -24,
    Number.NEGATIVE_INFINITY,
  ]);
  const brain = file('BF16', [3], bytesOf(Uint16Array.of(0x3f80, 0xc000, 0x3e80)));
  expect([...parseSafetensors(brain).tensors.get('x')!.data]).toEqual([1, -2, 0.25]);
  const double = file('F64', [1], bytesOf(Float64Array.of(0.1)));
  expect(parseSafetensors(double).tensors.get('x')!.data[0]).toBe(Math.fround(0.1));
  const wide = file('I64', [2], bytesOf(BigInt64Array.of(5n, -6n)));
  expect(parseSafetensors(wide).tensors.get('x')).toEqual({ shape: [2], dtype: 'int32', data: Int32Array.of(5, -6) });
  const small = file('U8', [2], Uint8Array.of(0, 255));
  expect([...parseSafetensors(small).tensors.get('x')!.data]).toEqual([0, 255]);
});

test('damaged files are named, with what is wrong', () => {
  const good = serializeSafetensors(state);
  expect(() => parseSafetensors(good.subarray(0, 4), 'f')).toThrow(/"f": expected at least 8 bytes, received 4/);
  expect(() => parseSafetensors(good.subarray(0, good.byteLength - 1), 'f')).toThrow(
    /tensor "ids" ends at byte 44 of 43/,
  );
  const huge = good.slice();
  huge[7] = 0x7f;
  expect(() => parseSafetensors(huge, 'f')).toThrow(/header is declared as/);
  const broken = good.slice();
  broken[8] = 0x21;
  expect(() => parseSafetensors(broken, 'f')).toThrow(/not JSON/);
  expect(() => parseSafetensors(file('F32', [3], new Uint8Array(8)))).toThrow(/needs 12 bytes, its range has 8/);
  expect(() => parseSafetensors(file('F32', [2], new Uint8Array(8), [-8, 0]))).toThrow(/no valid data_offsets/);
  expect(() => parseSafetensors(file('F8', [8], new Uint8Array(8)))).toThrow(/dtype F8, expected one of/);
  expect(() => parseSafetensors(file('I64', [1], bytesOf(BigInt64Array.of(2n ** 40n))))).toThrow(
    /does not fit 32 bits/,
  );
  expect(() => readSafetensors(join(folder, 'absent'))).toThrow(/absent.*ENOENT/);
});

const python = join(__dirname, '../../.venv/bin/python');
test.skipIf(!existsSync(python))('PyTorch reads the bytes as we wrote them', () => {
  const path = join(folder, 'b.safetensors');
  writeSafetensors(path, state);
  const script = `
import json, struct, sys, torch
f = open(sys.argv[1], 'rb'); n = struct.unpack('<Q', f.read(8))[0]; h = json.loads(f.read(n)); d = f.read()
kinds = {'F32': torch.float32, 'I64': torch.int64, 'I32': torch.int32}
for k, v in h.items():
    a, b = v['data_offsets']
    t = torch.frombuffer(bytearray(d[a:b]), dtype=kinds[v['dtype']]).reshape(v['shape']) if b > a else None
    print(k, v['dtype'], None if t is None else t.flatten().tolist())
`;
  const out = spawnSync(python, ['-c', script, path], { encoding: 'utf8' });
  expect(out.stdout.trim().split('\n')).toEqual([
    'conv.weight F32 [1.0, -2.0, 3.5, 0.0, 1.0000000031710769e-30, 4.0]',
    'bn.num_batches_tracked I64 [7]',
    'ids I32 [-1, 0, 2147483647]',
    'none F32 None',
  ]);
});
