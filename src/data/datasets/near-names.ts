// Class names that are probably one class, misspelt.

/** A sentence for each name that differs from an earlier one in case or blanks only. */
export function nearNames(names: readonly string[]): string[] {
  const seen = new Map<string, string>();
  const found: string[] = [];
  for (const name of names) {
    const folded = name.trim().toLowerCase().replace(/\s+/g, ' ');
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, name);
    else
      found.push(
        `classes ${JSON.stringify(other)} and ${JSON.stringify(name)} differ in case or blanks only; they are kept apart`,
      );
  }
  return found;
}
