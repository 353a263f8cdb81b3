// A zip archive of one compressed file, as evaluation servers take results.

import { crc32, deflateRawSync } from 'node:zlib';

export function zipFile(name: string, content: Uint8Array): Uint8Array {
  const packed = deflateRawSync(content);
  const title = Buffer.from(name);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0); // version needed
  shared.writeUInt16LE(8, 4); // deflated
  shared.writeUInt32LE(0x00210000, 6); // 1980-01-01: the same results give the same file
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(packed.byteLength, 14);
  shared.writeUInt32LE(content.byteLength, 18);
  shared.writeUInt16LE(title.byteLength, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, title, packed]);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(20, 4);
  shared.copy(central, 6);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.byteLength + title.byteLength, 12);
  end.writeUInt32LE(local.byteLength, 16);
  return Buffer.concat([local, central, title, end]);
}
