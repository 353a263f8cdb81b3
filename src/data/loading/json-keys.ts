// The keys of JSON objects in bytes, told apart without making strings of them.

const BACKSLASH = 0x5c;

/** Finds the key in bytes [from, to); undefined: another one; 'escaped': it is written with escapes, and may be any. */
export type KeyFinder<K extends string> = (bytes: Uint8Array, from: number, to: number) => K | 'escaped' | undefined;

/** @example jsonKeys(['id', 'bbox'])(Buffer.from('bbox'), 0, 4) // 'bbox' */
export function jsonKeys<K extends string>(names: readonly K[]): KeyFinder<K> {
  const byLength: { name: K; bytes: Buffer }[][] = [];
  for (const name of names) (byLength[name.length] ??= []).push({ name, bytes: Buffer.from(name) });
  return (bytes, from, to) => {
    const alike = byLength[to - from];
    if (alike)
      for (const { name, bytes: text } of alike) {
        let i = 0;
        while (i < text.length && bytes[from + i] === text[i]) i++;
        if (i === text.length) return name;
      }
    for (let i = from; i < to; i++) if (bytes[i] === BACKSLASH) return 'escaped';
    return undefined;
  };
}
