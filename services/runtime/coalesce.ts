/**
 * Joins single reads that are asked for in one turn of the event loop into bulk calls of at most `most` keys. A key that
 * the bulk answer leaves out resolves to undefined.
 */
export function coalesce<Key, Value>(
  load: (keys: Key[]) => Promise<Map<Key, Value>>,
  most: number,
): (key: Key) => Promise<Value | undefined> {
  let gathered: { keys: Key[]; answer: Promise<Map<Key, Value>> } | undefined;

  return async (key) => {
    if (gathered === undefined || gathered.keys.length >= most) gathered = gather();
    gathered.keys.push(key);
    return (await gathered.answer).get(key);
  };

  function gather() {
    const { promise, resolve, reject } = Promise.withResolvers<Map<Key, Value>>();
    const batch = { keys: [] as Key[], answer: promise };
    setImmediate(() => {
      if (gathered === batch) gathered = undefined;
      load(batch.keys).then(resolve, reject);
    });
    return batch;
  }
}
