// Labels of DSDL as class names: a name, a number from 1, or `Domain::name`. Of a hierarchy (`root.vehicle.car`) a class is each
// name below the root, and an object is of the last one.

import { nameOfValue } from '../../../errors';
import type { Definitions } from './definitions';
import type { Selected } from './field-values';

export interface ClassLabels {
  classes: string[];
  /** Names above each class, where there is a hierarchy. */
  above?: ReadonlyMap<string, ReadonlySet<string>>;
  /** The class of a value of a label field, or what is wrong with it. */
  read(value: unknown, field: Selected): { name: string } | string;
}

export function classLabels(
  { domains }: Pick<Definitions, 'domains'>,
  fields: readonly Selected[],
  hierarchy: boolean,
): ClassLabels {
  const used = new Set(fields.flatMap(({ field }) => field.domains));
  const names = [...used].flatMap((domain) => domains.get(domain) ?? []);
  const shown = (name: string): string => (hierarchy ? name.split('.').at(-1)! : name);
  return {
    ...(hierarchy ? hierarchyOf(names) : { classes: [...new Set(names)] }),
    read: (value, { field }) => {
      if (typeof value === 'string' && value.includes('::')) {
        const [domain, ...rest] = value.split('::');
        const name = rest.join('::');
        return domains.get(domain)?.includes(name)
          ? { name: shown(name) }
          : `has the label ${nameOfValue(value)}, which is in no class domain`;
      }
      if (field.domains.length !== 1)
        return `has the label ${nameOfValue(value)}, of ${field.domains.length} class domains: expected "Domain::name"`;
      const [domain] = field.domains;
      const known = domains.get(domain) ?? [];
      const name = typeof value === 'number' ? known[value - 1] : known.find((other) => other === value);
      if (name !== undefined) return { name: shown(name) };
      return `has the label ${nameOfValue(value)}, of the ${known.length} classes of ${domain} (numbers are from 1)`;
    },
  };
}

function hierarchyOf(names: readonly string[]): { classes: string[]; above: Map<string, Set<string>> } {
  const above = new Map<string, Set<string>>();
  for (const name of names) {
    const nodes = name.split('.').slice(1);
    for (const [i, node] of nodes.entries()) {
      const known = above.get(node) ?? new Set();
      for (const other of nodes.slice(0, i)) if (other !== node) known.add(other);
      above.set(node, known);
    }
  }
  return { classes: [...above.keys()].sort(), above };
}
