/** Things that a cell may name. */
export interface Named {
  /** "franchise". */
  kind: string;
  ids: ReadonlySet<string>;
  /** Names are unique as they are written. */
  byName: ReadonlyMap<string, string>;
  byLowerCase: ReadonlyMap<string, readonly string[]>;
}

export function named(kind: string, things: readonly { name: string; id: string }[]): Named {
  const byLowerCase = new Map<string, string[]>();
  for (const { name, id } of things) byLowerCase.getOrInsertComputed(name.toLowerCase(), () => []).push(id);
  return {
    kind,
    ids: new Set(things.map(({ id }) => id)),
    byName: new Map(things.map(({ name, id }) => [name, id])),
    byLowerCase,
  };
}

/** By its name, by its id, or by its name in other letters where there is only one that can be meant. */
export function idOf(text: string, { kind, ids, byName, byLowerCase }: Named): { value: string } | { fault: string } {
  const lower = text.toLowerCase();
  const meant = byLowerCase.get(lower) ?? [];
  const id = byName.get(text) ?? (ids.has(lower) ? lower : meant[0]);
  const told = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  if (id === undefined) return { fault: `there is no ${kind} "${told}"` };
  if (!byName.has(text) && !ids.has(lower) && meant.length > 1) {
    return {
      fault: `"${told}" may be ${meant.length} of the ${kind}s: write the name in their letters, or give the id`,
    };
  }
  return { value: id };
}
