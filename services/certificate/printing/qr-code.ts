import { create } from "qrcode";

/**
 * An SVG with a QR code, without the quiet zone, which the paper around it is. Dark modules side by side are one piece: of
 * these, and of what each takes to say, Typst sets half as many as of modules.
 */
export function qrCode(text: string): string {
  const { modules } = create(text, { errorCorrectionLevel: "M" });
  const { size } = modules;
  const rows = Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => (modules.get(y, x) ? "#" : " ")).join(""),
  );
  const dark = rows.flatMap((row, y) =>
    Array.from(row.matchAll(/#+/g), ({ index, 0: { length } }) => `M${index} ${y}h${length}v1h-${length}z`),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}"><path d="${dark.join("")}"/></svg>`;
}
