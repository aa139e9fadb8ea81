const ID_BYTES = 16;

/** A UUID as its bytes. */
export function bytesOfId(id: string): Buffer<ArrayBuffer> {
  return Buffer.from(id.replaceAll("-", ""), "hex");
}

/** The UUIDs of which these are the bytes, one after the other. */
export function idsOf(bytes: Uint8Array): string[] {
  const hex = Buffer.from(bytes).toString("hex");
  return Array.from({ length: bytes.length / ID_BYTES }, (_, index) => {
    const one = hex.slice(index * 2 * ID_BYTES, (index + 1) * 2 * ID_BYTES);
    return [one.slice(0, 8), one.slice(8, 12), one.slice(12, 16), one.slice(16, 20), one.slice(20)].join("-");
  });
}
