// `--save FILE`: a result in the format of the extension, which was checked before anything ran.

import type { Output } from './outcome';

/** Writes it, and says where. */
export async function saveResult(
  result: { save(file: string): Promise<string> },
  file: string | undefined,
  out: Output,
): Promise<void> {
  if (file === undefined) return;
  const written = await result.save(file);
  out.event('written', { file: written });
  out.print(`written: ${written}`);
}
