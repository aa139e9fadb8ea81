/**
 * Joins what is asked for in one turn of the event loop, under one heading, into one load. Who asks later is never
 * answered by a load that had begun before. A key that the load leaves out is missing from the answer.
 */
export function gathered<Heading, Value>(
  load: (keys: string[], heading: Heading) => Promise<ReadonlyMap<string, Value>>,
  nameOf: (heading: Heading) => string,
  most: number,
): (keys: readonly string[], heading: Heading) => Promise<ReadonlyMap<string, Value>> {
  const open = new Map<string, { keys: Set<string>; answer: Promise<ReadonlyMap<string, Value>> }>();

  return (keys, heading) => {
    const name = nameOf(heading);
    const joined = open.get(name);
    if (joined && joined.keys.size + keys.length <= most) {
      for (const key of keys) joined.keys.add(key);
      return joined.answer;
    }
    const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, Value>>();
    const batch = { keys: new Set(keys), answer: promise };
    open.set(name, batch);
    setImmediate(() => {
      if (open.get(name) === batch) open.delete(name);
      load([...batch.keys], heading).then(resolve, reject);
    });
    return promise;
  };
}
