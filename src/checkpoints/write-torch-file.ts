// Writes a checkpoint as torch.save does: a zip archive of uncompressed entries aligned to 64 bytes.

import { closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { DetLabError } from '../errors';
import type { StoredState } from '../nn/stored-tensor';
import { pickleCheckpoint, type Writable } from './pickle-writer';
import { writeAll } from './safetensors-file';

const ALIGNMENT = 64;
/** The limit without zip64, which no detector needs. */
const MAX_BYTES = 0xfffffffe;

/**
 * Writes `{ state_dict, ...rest }` atomically.
 * @example writeTorchFile('model.pth', encodeState(model.stateDict()), { meta: { classes: ['cat'] } })
 * @throws DetLabError for more than 4 GB
 */
export function writeTorchFile(path: string, tensors: StoredState, rest: Record<string, Writable> = {}): void {
  const entries: [string, Uint8Array][] = [
    ['data.pkl', pickleCheckpoint(tensors, rest)],
    ['byteorder', Buffer.from('little')],
    ...[...tensors.values()].map(({ bytes }, i): [string, Uint8Array] => [`data/${i}`, bytes]),
    ['version', Buffer.from('3\n')],
  ];
  const total = entries.reduce((sum, [, bytes]) => sum + bytes.byteLength + 256, 0);
  if (total > MAX_BYTES)
    throw new DetLabError(
      `Cannot write "${path}": expected at most ${MAX_BYTES} bytes in a .pth, received ${total}. Use .safetensors`,
    );
  const draft = `${path}.writing-${process.pid}`;
  const file = openSync(draft, 'w');
  try {
    const directory: Buffer[] = [];
    let offset = 0;
    for (const [name, bytes] of entries) {
      const { local, central } = heads(Buffer.from(`archive/${name}`), bytes, offset);
      directory.push(central);
      writeAll(file, local);
      writeAll(file, bytes);
      offset += local.byteLength + bytes.byteLength;
    }
    const list = Buffer.concat(directory);
    writeAll(file, list);
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(entries.length, 8);
    end.writeUInt16LE(entries.length, 10);
    end.writeUInt32LE(list.byteLength, 12);
    end.writeUInt32LE(offset, 16);
    writeAll(file, end);
  } catch (error) {
    closeSync(file);
    rmSync(draft, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(draft, path);
}

/** The local header of an entry, padded by an extra field so that its data is aligned, and its central directory record. */
function heads(name: Buffer, bytes: Uint8Array, offset: number): { local: Buffer; central: Buffer } {
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0); // version needed
  shared.writeUInt16LE(0x800, 2); // names are UTF-8
  shared.writeUInt32LE(0x00210000, 6); // 1980-01-01: the same weights give the same file
  shared.writeUInt32LE(crc32(bytes), 10);
  shared.writeUInt32LE(bytes.byteLength, 14);
  shared.writeUInt32LE(bytes.byteLength, 18);
  shared.writeUInt16LE(name.byteLength, 22);
  const free = (offset + 30 + name.byteLength + 4) % ALIGNMENT;
  const extra = Buffer.alloc(4 + ((ALIGNMENT - free) % ALIGNMENT), 'Z');
  extra.write('FB', 0, 'latin1');
  extra.writeUInt16LE(extra.byteLength - 4, 2);
  const localShared = Buffer.from(shared);
  localShared.writeUInt16LE(extra.byteLength, 24);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  shared.copy(central, 6);
  central.writeUInt32LE(offset, 42);
  return {
    local: Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), localShared, name, extra]),
    central: Buffer.concat([central, name]),
  };
}
